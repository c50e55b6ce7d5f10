-- Named limits: what a sleeping execution has of them stands beside what it offers.

COMMENT ON COLUMN pawl.open_execution.offered IS 'What the next owner of its shard is to know without loading it, while it sleeps, or null: JSON array; [activity, event id, since ms, started] for each activity task that no worker has, an object for each permit of a named limit that it holds or waits for.';
