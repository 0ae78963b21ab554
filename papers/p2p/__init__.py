"""The paper on peer-to-peer contracts: Raja, Grammatico."""
