"""A linear map is found again, generalizes through noise by its penalty, and is a constant without a relation."""

from __future__ import annotations

import numpy as np

from vernacular.modeling.linear_map import fit_map, half_whitening

CHANCE = np.random.default_rng(1)


def test_a_map_is_found_again() -> None:
    weight, features = CHANCE.normal(size=(5, 8)), CHANCE.normal(size=(60, 8))
    found = fit_map(features, features @ weight.T + 3, [str(row) for row in range(60)])
    assert np.allclose(found.weight, weight, atol=0.02) and np.allclose(found.bias, 3, atol=0.02)


def test_noise_is_penalized() -> None:
    features = CHANCE.normal(size=(60, 50))
    targets = features[:, :1] + CHANCE.normal(size=(60, 4))
    unseen = CHANCE.normal(size=(500, 50))
    error = np.square(fit_map(features, targets, [str(row) for row in range(60)])(unseen) - unseen[:, :1]).mean()
    plain = np.linalg.lstsq(features, targets, rcond=None)[0]
    assert error < np.square(unseen @ plain - unseen[:, :1]).mean() / 3
    noise = fit_map(features, CHANCE.normal(size=(60, 4)), [str(row) for row in range(60)])
    assert np.abs(noise(unseen) - noise.bias).max() < 1


def test_texts_of_one_picture_are_on_one_side() -> None:
    features = np.repeat(CHANCE.normal(size=(20, 30)), 3, 0) + 1e-3 * CHANCE.normal(size=(60, 30))
    targets = np.repeat(CHANCE.normal(size=(20, 4)), 3, 0)
    by_picture = fit_map(features, targets, [str(row // 3) for row in range(60)])
    by_text = fit_map(features, targets, [str(row) for row in range(60)])
    assert np.abs(by_picture.weight).sum() < np.abs(by_text.weight).sum() / 2


def test_half_whitening_takes_the_square_root_of_the_spread_and_drops_what_does_not_vary() -> None:
    turn = np.linalg.qr(CHANCE.normal(size=(6, 6)))[0]
    rows = (CHANCE.normal(size=(4000, 6)) * [16, 4, 1, 1, 0, 0]) @ turn.T
    rows += 99 * turn[:, 5]
    directions = half_whitening(rows)
    spread = (rows @ directions).std(0)
    assert directions.shape == (6, 4) and np.allclose(sorted(spread / spread.max()), [.25, .25, .5, 1], rtol=0.1)
    assert np.allclose(directions.T @ directions, np.diag(np.square(directions).sum(0)))
    assert np.allclose((rows @ half_whitening(rows, 0.5)).std(0), spread.max(), rtol=1e-6)
    assert np.abs(rows.mean(0) @ directions).max() < 1e-9 * np.abs(rows).max()
    rows += 99 * turn[:, 0]  # the mean is also a direction that pictures differ in
    centered = half_whitening(rows - rows.mean(0))
    assert centered.shape == half_whitening(rows).shape == (6, 4)
    assert np.abs(rows.mean(0) @ half_whitening(rows)).max() < 1e-6 < 9 < np.abs(rows.mean(0) @ centered).max()
    assert not (np.zeros((3, 5)) @ half_whitening(np.zeros((3, 5)))).any()  # all pictures alike
