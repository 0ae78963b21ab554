"""The bilateral market: buyers and sellers sign contracts peer to peer at prices no pair would rather leave."""
