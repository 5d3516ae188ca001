"""Restrict a crawl to public IP addresses, unless the settings allow others (tests).

The check is in the resolver, and Twisted connects only to addresses that pass: DNS rebinding,
redirects and numeric addresses are all covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from scrapy.resolver import CachingHostnameResolver
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

_NAT64 = ip_network("64:ff9b::/96")
# protocol assignments; a cloud's metadata service
_CLOSED = (ip_network("192.0.0.0/24"), ip_network("168.63.129.16/32"))


def is_public(address: str) -> bool:
    """Whether the IP address is public, including addresses embedded in IPv6."""
    try:
        found = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner: list[IPv4Address | None] = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in _NAT64 or int(found) < 2 ** 32:
            inner.append(IPv4Address(int(found) & 0xFFFFFFFF))
        if any(part is not None and not is_public(str(part)) for part in inner):
            return False
        if found.ipv4_mapped is not None or found in _NAT64:
            return True  # the embedded address was checked
    if any(found in network for network in _CLOSED):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


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
