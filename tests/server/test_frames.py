"""The message protocol between server and worker."""

import asyncio
import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.frames import Frame, FrameError, read_frame, read_frame_blocking

JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(st.tuples(st.dictionaries(st.text(), JSON, max_size=4), st.binary(max_size=99)), max_size=4))
def test_frames_come_back_as_they_were_sent(sent: list[tuple[dict[str, Any], bytes]]) -> None:
    stream = io.BytesIO(b"".join(Frame(message, blob).encode() for message, blob in sent))
    for message, blob in sent:
        assert read_frame_blocking(stream) == Frame(message, blob)
    assert read_frame_blocking(stream) is None


async def test_async_reader_gives_the_same_frames_and_ends_at_a_cut() -> None:
    stream = asyncio.StreamReader()
    data = Frame({"type": "a"}, b"picture").encode()
    stream.feed_data(data + data[:-3])
    stream.feed_eof()
    assert await read_frame(stream) == Frame({"type": "a"}, b"picture")
    assert await read_frame(stream) is None


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">II", 2, 0) + b"no",
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 2**32 - 1, 0),
        b"garbage on the stream",
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        read_frame_blocking(io.BytesIO(data))
