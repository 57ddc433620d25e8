"""The cache around infer: keys, values, tiers, and one inference for equal segments in flight."""
