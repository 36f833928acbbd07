"""The socket that the web server is given."""

import socket
from contextlib import closing

from api.serve import listen


def test_an_answer_waits_for_no_acknowledgement() -> None:
    """Head and body are sent apart; held back until the first has arrived, the second comes 40 ms late."""
    with (
        closing(listen("127.0.0.1", 0)) as listening,
        closing(socket.create_connection(listening.getsockname())),
        closing(listening.accept()[0]) as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
