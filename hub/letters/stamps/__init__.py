"""Finding round and oval seal impressions on a page. Advisory: where to look, never whether a seal is genuine."""
