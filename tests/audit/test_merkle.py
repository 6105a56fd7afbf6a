"""Merkle trees, against the definition and published roots."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.audit.merkle import Proof, is_included, prove, root

# Test vectors of certificate-transparency-go (merkle/rfc6962): leaves and roots of the first 8 sizes.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def by_definition(hashes):
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return sha256(b"\0" + bytes.fromhex(hashes[0])).digest()
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\1" + by_definition(hashes[:split]) + by_definition(hashes[split:])).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size):
    """Those that implementations of RFC 6962 test themselves with."""
    assert root(LEAVES[:size]) == ROOTS[size - 1]


@pytest.mark.parametrize("size", [*range(40), 127, 128, 129])
def test_roots_and_proofs_of_every_size(size):
    """As defined; each record is proved, and at no other place."""
    hashes = [sha256(bytes([number])).hexdigest() for number in range(size)]
    top = root(hashes)
    assert top == by_definition(hashes).hex()
    for index in range(size):
        proof = prove(hashes, index)
        assert is_included(hashes[index], proof, top)
        assert not is_included(hashes[index - 1], proof, top) or size == 1
        assert len(proof.path) <= size.bit_length()


@given(st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=40, unique=True), st.data())
def test_a_proof_holds_for_its_tree_only(hashes, data):
    """Not for another size, index or path."""
    index = data.draw(st.integers(0, len(hashes) - 1))
    proof, top = prove(hashes, index), root(hashes)
    assert not is_included("00" * 32, proof, top) or hashes[index] == "00" * 32
    assert not is_included(hashes[index], Proof(index, len(hashes), (*proof.path, "00" * 32)), top)
    assert not is_included(hashes[index], Proof(-1, len(hashes), proof.path), top)
    if proof.path:
        assert not is_included(hashes[index], Proof(index, len(hashes), proof.path[:-1]), top)


def test_an_index_beyond():
    """No proof of what is not there."""
    with pytest.raises(IndexError):
        prove([], 0)
