"""Who linked and who did not, and what that does to an analysis: groups, rates, bias, weights. Sees attributes, never names."""
