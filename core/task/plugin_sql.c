/*
 * plugin_sql - PostgreSQL as plugins see it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "task/plugin_module.h"

struct heard {
	STAILQ_ENTRY(heard) link;
	struct module *module;
	pawl_db_notified_cb *cb;
	void *arg;
};

struct pawl_db {
	TAILQ_ENTRY(pawl_db) link;
	struct module *module;
	struct sqlc *sqlc;
	pawl_db_migrated_cb *migrated;
	void *migrated_arg;
	STAILQ_HEAD(, heard) heard;
};

static struct pawl_db *
host_db_open(const struct pawl_host *h, const char *conninfo, int connections, char **why)
{
	struct module *m = module_from(h);
	const struct sqlc_options o = { .conninfo = conninfo != NULL ? conninfo : m->host->conninfo,
		.plugin = m->def.name,
		.connections = connections,
		.own = conninfo == NULL };
	struct err e = ERR_INIT;
	struct sqlc *s = NULL;
	struct pawl_db *db;

	if (o.conninfo == NULL)
		err_set(&e, "pawl.Sql", "This pawld has no database");
	else
		s = sqlc_open(m->host->loop, &o, &e);
	if (why != NULL)
		*why = s == NULL ? xstrdup(err_cause(&e)) : NULL;
	err_fini(&e);
	if (s == NULL)
		return NULL;
	db = xcalloc(1, sizeof(*db));
	db->module = m;
	db->sqlc = s;
	STAILQ_INIT(&db->heard);
	TAILQ_INSERT_TAIL(&m->dbs, db, link);
	return db;
}

static void
db_close(struct pawl_db *db)
{
	struct plugin_host *h = db->module->host;
	struct pending *p, *next;
	struct heard *l;

	for (p = TAILQ_FIRST(&h->pending); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (p->kind == PENDING_SQL && p->sqlc == db->sqlc)
			pending_free(p);
	}
	sqlc_close(db->sqlc);
	while ((l = STAILQ_FIRST(&db->heard)) != NULL) {
		STAILQ_REMOVE_HEAD(&db->heard, link);
		free(l);
	}
	TAILQ_REMOVE(&db->module->dbs, db, link);
	free(db);
}

static void
host_db_close(const struct pawl_host *h, struct pawl_db *db)
{
	(void)h;
	if (db != NULL)
		db_close(db);
}

void
plugin_sql_close(struct module *m)
{
	struct pawl_db *db, *next;

	for (db = TAILQ_FIRST(&m->dbs); db != NULL; db = next) {
		next = TAILQ_NEXT(db, link);
		db_close(db);
	}
}

static void
db_migrated(void *arg, const char *why)
{
	const struct pawl_db *db = arg;
	struct plugin_visit v = plugin_enter(db->module, "the end of a migration");

	db->migrated(db->migrated_arg, why);
	plugin_leave(&v);
}

static void
host_db_migrate(const struct pawl_host *h, struct pawl_db *db, const char *const *steps,
    size_t nsteps, pawl_db_migrated_cb *cb, void *arg)
{
	(void)h;
	db->migrated = cb;
	db->migrated_arg = arg;
	sqlc_migrate(db->sqlc, steps, nsteps, db_migrated, db);
}

static void
db_heard(void *arg, const char *payload)
{
	const struct heard *l = arg;
	struct plugin_visit v = plugin_enter(l->module, "a notification");

	l->cb(l->arg, payload);
	plugin_leave(&v);
}

static void
host_db_listen(const struct pawl_host *h, struct pawl_db *db, const char *channel,
    pawl_db_notified_cb *cb, void *arg)
{
	struct heard *l = xcalloc(1, sizeof(*l));

	l->module = module_from(h);
	l->cb = cb;
	l->arg = arg;
	STAILQ_INSERT_TAIL(&db->heard, l, link);
	sqlc_listen(db->sqlc, channel, db_heard, l);
}

static void
sql_answered(void *arg, const struct pawl_sql_answer *a)
{
	struct pending *p = arg;
	struct plugin_visit v = plugin_enter(p->module, "the answer of a database");
	pawl_sql_cb *cb = p->cb.sql;
	void *cb_arg = p->arg;

	pending_free(p);
	cb(cb_arg, a);
	plugin_leave(&v);
}

static struct pawl_doc
sql_remember(void *arg, const struct pawl_sql_answer *a)
{
	const struct pending *p = arg;
	struct plugin_visit v = plugin_enter(p->module, "remember");
	struct pawl_doc d = p->remember(p->arg, a);

	plugin_leave(&v);
	return d;
}

static uint64_t
host_sql_start(const struct pawl_host *h, struct pawl_db *db, const struct pawl_sql_call *given,
    pawl_sql_cb *cb, void *arg)
{
	struct module *m = module_from(h);
	struct pending *p = pending_new(m, PENDING_SQL, arg);
	struct pawl_sql_call c = { 0 };

	memcpy(&c, given, given->size < sizeof(c) ? given->size : sizeof(c));
	c.size = sizeof(c);
	p->cb.sql = cb;
	p->remember = c.remember;
	if (c.remember != NULL)
		c.remember = sql_remember;
	p->sqlc = db->sqlc;
	p->inner = sqlc_start(db->sqlc, &c, plugin_task_ids(m->host, c.task_id), sql_answered, p);
	return p->id;
}

static void
host_sql_cancel(const struct pawl_host *h, uint64_t call)
{
	pending_close_id(h, call, PENDING_SQL);
}

void
plugin_sql_table(struct pawl_host *t)
{
	t->db_open = host_db_open;
	t->db_close = host_db_close;
	t->db_migrate = host_db_migrate;
	t->db_listen = host_db_listen;
	t->sql_start = host_sql_start;
	t->sql_cancel = host_sql_cancel;
}
