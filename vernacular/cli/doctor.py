"""Check the machine: Python, memory, disk, packages, GPU, needs of the languages. Problems come with a fix."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from vernacular.cli.planning import network_needs
from vernacular.config.load import load_all
from vernacular.config.schema import Language
from vernacular.config.sources import PackageSource
from vernacular.core.errors import Problem
from vernacular.core.project import Project
from vernacular.release.signing_key import fingerprint, key_path, own_or_new_key

PACKAGES = ("dagster", "dagster-webserver", "dagster-pipes", "pydantic", "typer", "rich", "torch", "transformers",
            "peft", "tokenizers", "sentence-transformers", "sentencepiece", "safetensors", "datasets", "gguf", "rensa",
            "ftfy", "langcodes", "lingua-language-detector", "language_data", "scikit-learn", "matplotlib", "regex",
            "filelock")
DISK_GB, MEMORY_GB = 4, 6  # the quickstart with its environment


@dataclass(frozen=True)
class Finding:
    """One check; ``fix`` is what to do if it failed."""

    what: str
    found: str
    good: bool = True
    fix: str = ""
    needed: bool = True

    def line(self) -> str:
        """Return the finding as one line."""
        mark = "ok     " if self.good else "MISSING" if self.needed else "note   "
        return f"{mark} {self.what}: {self.found}" + ("" if self.good or not self.fix else f". {self.fix}")


def examine(project: Project) -> list[Finding]:
    """Return all findings, most important first."""
    return [*_machine(project), signing_key(), *_packages(), *_accelerator(), *_languages(project)]


def memory_gb() -> float | None:
    """Return the free memory in GB, or the total if unknown."""
    if not hasattr(os, "sysconf"):
        return None
    try:
        with open("/proc/meminfo", encoding="ascii") as stream:  # noqa: PTH123
            lines = dict(line.split(":", 1) for line in stream)
        return int(lines["MemAvailable"].split()[0]) / 1e6
    except (OSError, KeyError, ValueError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)


def _machine(project: Project) -> Iterator[Finding]:
    version = sys.version_info
    yield Finding("Python", sys.version.split()[0], (3, 11) <= version[:2] <= (3, 13),
                  "Install Python 3.11, 3.12 or 3.13 and create a new environment")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("cores", str(cores))
    memory = memory_gb()
    if memory is not None:
        yield Finding("memory", f"{memory:.1f} GB free", memory >= MEMORY_GB, needed=False,
                      fix=f"The quickstart needs {MEMORY_GB} GB; close other programs or lower batch_size")
    root = project.artifacts
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        yield Finding("results", f"{root} cannot be written to ({error.strerror})", False,
                      "Set VERNACULAR_ROOT to a writable folder")
        return
    free = shutil.disk_usage(root).free / 1e9
    yield Finding("results", f"{root}, {free:.0f} GB free", free >= DISK_GB, f"Free {DISK_GB} GB")


def signing_key() -> Finding:
    """Check that a release can be signed: without a key that stage would fail after training."""
    try:
        key = own_or_new_key()
    except Problem as problem:
        return Finding("signing key", problem.what, False, f"{problem.where}: {problem.fix}")
    return Finding("signing key", f"{key_path()}, {fingerprint(key.public_key())[:16]}...")


def _packages() -> Iterator[Finding]:
    for package in PACKAGES:
        try:
            yield Finding(package, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(package, "not installed", False, "Run `pip install -c constraints.txt -e .` in the checkout")


def _accelerator() -> Iterator[Finding]:
    try:
        import torch
    except Exception as error:  # broken installations fail in many ways
        yield Finding("torch", f"cannot be imported ({type(error).__name__}: {error})", False,
                      "Reinstall it with `pip install -c constraints.txt torch`")
        return
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        yield Finding("GPU", f"{card.name}, {card.total_memory / 1e9:.0f} GB, "
                             f"bf16 {'yes' if torch.cuda.is_bf16_supported() else 'no'}")
        return
    capability = torch.backends.cpu.get_cpu_capability()
    try:
        flags = open("/proc/cpuinfo", encoding="ascii", errors="ignore").read()  # noqa: PTH123, SIM115
    except OSError:
        flags = ""
    bf16 = "yes" if "amx_bf16" in flags or "avx512_bf16" in flags else "no"
    yield Finding("GPU", f"none; the CPU trains (vector unit {capability}, bf16 in hardware: {bf16})")


def _languages(project: Project) -> Iterator[Finding]:
    for code, language in load_all(project.languages).items():
        if not isinstance(language, Language):
            yield Finding(code, "cannot be used", False, str(language))
            continue
        needs = {name: here for names in network_needs(language, project.artifacts).values()
                 for name, here in names.items()}
        if needs:
            yield Finding(f"{code} network", ", ".join(name if here else f"{name} (not fetched yet)"
                                                       for name, here in needs.items()),
                          all(needs.values()), f"`vernacular run {code}` fetches them with a network connection",
                          needed=False)
        wanted = {source.package: "source" for source in language.sources if isinstance(source, PackageSource)}
        for model in language.models_to_run().values():
            wanted |= {base.package: "base model" for base in model.bases if base.package}
            wanted |= {source.package: "text" for source, _ in model.beside if isinstance(source, PackageSource)}
        for package, role in wanted.items():
            try:
                yield Finding(f"{code} {role}", f"{package} {importlib.metadata.version(package)}")
            except importlib.metadata.PackageNotFoundError:
                yield Finding(f"{code} {role}", f"{package} is not installed", False,
                              f"Run `pip install -c constraints.txt {package}` (an extra may bring it: `.[{code}]`)")
