"""DKIM (RFC 6376): signs a finished message, so that the receiver knows whose it is."""

import re

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

LEAST_BITS = 1024
"""RFC 8301, 3.2: receivers take nothing shorter, and 2048 is what signers should use."""
SIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"content-language",
    b"auto-submitted",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
"""RFC 8058, 4: a one-click button is shown only if the signature covers both List-Unsubscribe fields."""
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_SELECTOR = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class Signer:
    """An RSA key and where its public half stands: `<selector>._domainkey.<domain>`."""

    def __init__(self, domain: str, selector: str, key: str) -> None:
        """`key` is PEM (PKCS #1 or #8); line ends may be written as \\n, as in an `.env`.

        Raises ValueError that names the setting and says nothing of the key.
        """
        pem = key.replace("\\n", "\n").replace("\r\n", "\n").strip().encode()
        if not _DOMAIN.fullmatch(domain):
            raise ValueError("DAYPAPER_DKIM_DOMAIN: expected a domain such as example.org")
        if not _SELECTOR.fullmatch(selector):
            raise ValueError("DAYPAPER_DKIM_SELECTOR: expected a name such as daypaper")
        try:
            bits = parse_pem_private_key(pem)["modulus"].bit_length()
        except (UnparsableKeyError, ValueError, LookupError, TypeError):
            raise ValueError(
                "DAYPAPER_DKIM_KEY: expected a private RSA key in PEM form, not encrypted"
            ) from None
        if bits < LEAST_BITS:
            raise ValueError(f"DAYPAPER_DKIM_KEY: has {bits} bits; expected 2048")
        self._domain, self._selector, self._pem = domain.encode(), selector.encode(), pem

    def sign(self, raw: bytes) -> bytes:
        """The message with its signature in front. From is signed once more than it stands there, so
        that nobody can add another."""
        head = raw.partition(b"\r\n\r\n")[0].lower()
        present = [name for name in SIGNED if re.search(rb"(?m)^" + name + rb":", head)]
        header = dkim.sign(
            raw,
            self._selector,
            self._domain,
            self._pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*present, b"from"],
        )
        return header + raw
