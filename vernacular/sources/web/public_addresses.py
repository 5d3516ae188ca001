"""Which IP addresses are public. A crawl connects to no other, unless the settings allow it (tests)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

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
