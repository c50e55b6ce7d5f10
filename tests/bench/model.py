"""model - what nodes and PostgreSQL give, from what one node was measured to cost. docs/scaling.md explains it.

Times are microseconds for one transition (a state entered), but where they say otherwise.

	A batch costs something by itself and something for each transition in it, so CPU of pawld and of PostgreSQL
	are two constants each: measured with large and with small batches.
	A node has one batch under way. Until it is durable PostgreSQL works on it and syncs once, and a part of what pawld
	does for the next one only begins then, as its clients wait for these answers: that is the pace of one node. The
	rest the loop of pawld does meanwhile; it is one core.
	All together they get no more than the cores have.
"""


class Cost:
    """CPU of one transition in batches of so many."""

    def __init__(self, transition_us, batch_us):
        self.transition_us, self.batch_us = transition_us, batch_us

    @classmethod
    def between(cls, large, small):
        """From two measurements (transitions in a batch, us for one transition). A slope that noise turned round is none."""
        batch_us = max(0.0, (small[1] - large[1]) / (1 / small[0] - 1 / large[0]))
        return cls(large[1] - batch_us / large[0], batch_us)

    def at(self, batch):
        return self.transition_us + self.batch_us / batch


class Model:
    """pawld, postgres: Cost; client_us: of who asks; sync_us: of one sync; batch: transitions in one of a single node with
    all clients; wal_bytes: of a transition; serial: the part of pawld's work that waits for the batch before; lost_s: until a dead node's shards have an owner; load_us: of one execution."""

    def __init__(self, pawld, postgres, client_us, sync_us, batch, wal_bytes, serial=0.0, lost_s=0.0, load_us=0.0):
        self.pawld, self.postgres, self.client_us = pawld, postgres, client_us
        self.sync_us, self.batch, self.wal_bytes = sync_us, batch, wal_bytes
        self.serial, self.lost_s, self.load_us = serial, lost_s, load_us

    def node(self, batch):
        """Transitions per second of one node that has all the cores it can use."""
        pawld = self.pawld.at(batch)
        return 1e6 / max(pawld, self.postgres.at(batch) + self.sync_us / batch + self.serial * pawld)

    def set_serial(self, rate):
        """One node with all clients gives that many transitions per second: what it loses between batches is pawld's."""
        idle_us = 1e6 / rate - self.postgres.at(self.batch) - self.sync_us / self.batch
        self.serial = min(1.0, max(0.0, idle_us / self.pawld.at(self.batch)))

    def shared(self, nodes, cores):
        """Everything on one machine, and always the same clients: more nodes make smaller batches."""
        batch = max(1.0, self.batch / nodes)
        return min(nodes * self.node(batch),
                   cores * 1e6 / (self.pawld.at(batch) + self.postgres.at(batch) + self.client_us))

    def apart(self, nodes, postgres_cores, wal_mb_s):
        """Machines of their own, each node with clients of its own: rate, and what is the limit."""
        limits = {"nodes": nodes * self.node(self.batch),
                  "PostgreSQL's cores": postgres_cores * 1e6 / self.postgres.at(self.batch),
                  "WAL": wal_mb_s * 1e6 / self.wal_bytes}
        least = min(limits, key=limits.get)
        return limits[least], least

    def recovery_s(self, executions, heirs=1):
        """Until the executions of a node that died are loaded again, by so many others."""
        return self.lost_s + executions / heirs * self.load_us / 1e6
