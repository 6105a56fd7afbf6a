"""The chained trail: what operators did, provable afterwards."""

from monitor_core.audit.chain import GENESIS, OPERATORS, Break, Record, canonical_json, link, record_hash, verify

__all__ = ["GENESIS", "OPERATORS", "Break", "Record", "canonical_json", "link", "record_hash", "verify"]
