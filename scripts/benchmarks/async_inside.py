"""A tree of coroutines, each of which waits for its children. From 3.7 on; imported where it can be."""
import asyncio


async def node(depth):
    await asyncio.sleep(0)
    if depth:
        await asyncio.gather(node(depth - 1), node(depth - 1), node(depth - 1))
    return [depth] * 10


def tree(count):
    for _ in range(count):
        asyncio.run(node(4))
