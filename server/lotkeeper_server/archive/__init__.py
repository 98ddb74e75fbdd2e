"""Old completed records move out to files; an opening balance takes their place. The store serves meanwhile."""
