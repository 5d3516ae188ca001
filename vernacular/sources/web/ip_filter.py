"""Restrict a crawl to public IP addresses, unless the settings allow others (tests).

The check is in the resolver, and Twisted connects only to addresses that pass: DNS rebinding,
redirects and numeric addresses are all covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from vernacular.sources.web.public_addresses import is_public


@implementer(IResolutionReceiver)
class _Sieve:
    """Passes on public addresses and drops the others."""

    def __init__(self, receiver: IResolutionReceiver, dropped: set[str], name: str) -> None:
        self.receiver, self.dropped, self.name = receiver, dropped, name

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        self.receiver.resolutionBegan(resolution)  # type: ignore  # zope interfaces have no self

    def addressResolved(self, address: IAddress) -> None:
        if is_public(getattr(address, "host", "")):
            self.receiver.addressResolved(address)  # type: ignore
        else:
            self.dropped.add(self.name)

    def resolutionComplete(self) -> None:
        self.receiver.resolutionComplete()  # type: ignore


@implementer(IHostnameResolver)
class PublicResolver(CachingHostnameResolver):
    """A resolver (Scrapy's setting ``TWISTED_DNS_RESOLVER``) that returns only public addresses.

    Attributes:
        private: names with dropped addresses, for the message.
    """

    private: set[str] = set()  # noqa: RUF012  # one process crawls one source

    def resolveHostName(self, resolutionReceiver: IResolutionReceiver, hostName: str, portNumber: int = 0,
                        addressTypes: Sequence[type[IAddress]] | None = None,
                        transportSemantics: str = "TCP") -> IHostResolution:
        """Resolve ``hostName`` without private addresses."""
        sieve: Any = _Sieve(resolutionReceiver, self.private, hostName)
        return super().resolveHostName(sieve, hostName, portNumber, addressTypes, transportSemantics)
