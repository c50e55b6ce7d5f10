/*
 * load - starts executions over HTTP as fast as the server answers, and measures.
 *
 *	load --url URL --machine ARN [--connections N] [--count N] [--seconds S]
 *	     [--input JSON] [--ended | --open N | --rate R [--describe ARN]]
 *
 * A closed loop: each of N keep-alive connections sends a StartExecution when its
 * last call is answered, until --count executions were started or --seconds are over
 * (what comes first); then it waits for what is under way.
 *
 * --ended also waits for each execution: after the answer it asks DescribeExecution
 * again and again until the execution has ended, and only then starts the next.
 * --open N keeps N executions open at the same time, however many connections start
 * them: one more connection reads /metrics every few milliseconds, which tells how
 * many have ended and costs the server next to nothing. The server must have no
 * other work then. Both fail when an execution ends otherwise than SUCCEEDED.
 *
 * --rate R is an open loop: R starts a second, whatever the server says, over as many of the
 * connections as are needed. One that is refused with ThrottlingException is counted and not tried again.
 * Latencies count from the time at which a start was due; those for which no connection
 * was free until the end are counted as unsent. --describe ARN asks for that execution
 * instead of starting one.
 *
 * Prints one line of JSON: how many, in how many seconds (first request to last
 * answer, or to the last end), and latencies in microseconds. Exit 1 when anything
 * failed: a figure with errors in it is none.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#define REQUEST_MAX 32768
#define ANSWER_MAX 65536
#define METRICS_EVERY_US 2000
#define RATE_EVERY_US 1000
#define PATIENCE_S 60 /* for what is under way at the end */

enum call { CALL_NONE, CALL_START, CALL_DESCRIBE, CALL_METRICS };

/* Latencies in microseconds. */
struct samples {
	uint32_t *us;
	size_t n, size;
};

struct load;

/* One keep-alive connection, with one call under way at most. */
struct conn {
	struct load *load;
	int fd;
	struct event *readable;
	enum call call;
	int64_t sent_us, started_us; /* this call; the StartExecution of this execution */
	char *describe;              /* the request that asks for its execution */
	size_t describe_len;
	char in[ANSWER_MAX + 1];
	size_t in_len;
	bool refused; /* the last answer */
};

struct load {
	/* what to do */
	struct sockaddr_in address;
	char host[64];
	const char *machine, *input;
	int nconns;
	uint64_t count, open;
	double seconds, rate;
	const char *execution; /* to describe; NULL = starts */
	bool ended;

	struct event_base *base;
	struct conn **conns;
	struct conn *observer; /* reads /metrics; NULL without --open */
	struct conn **idle;    /* with --rate: those without a call */
	int nidle;
	struct event *tick, *limit;
	char start[REQUEST_MAX];
	size_t start_len;

	/* what happened */
	int64_t begin_us, end_us;
	uint64_t nstarts, nanswers, nrefused, nended, nended_before;
	bool ended_known, over;
	struct samples start_us, ended_us, refused_us;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "load: %s\n", what);
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- latencies -------------------------------------------------------------- */

static void
samples_add(struct samples *s, int64_t us)
{
	if (s->n == s->size) {
		s->size = s->size == 0 ? 4096 : s->size * 2;
		if ((s->us = realloc(s->us, s->size * sizeof(*s->us))) == NULL)
			die("out of memory");
	}
	s->us[s->n++] = (uint32_t)us;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t
samples_at(const struct samples *s, double share)
{
	return s->us[(size_t)((double)(s->n - 1) * share)];
}

static void
samples_print(struct samples *s, const char *name)
{
	if (s->n == 0)
		return;
	qsort(s->us, s->n, sizeof(*s->us), by_value);
	printf(",\"%s\":{\"p50\":%u,\"p90\":%u,\"p99\":%u,\"max\":%u}", name, samples_at(s, 0.5),
	    samples_at(s, 0.9), samples_at(s, 0.99), s->us[s->n - 1]);
}

/* --- requests --------------------------------------------------------------- */

/* Adds s to a JSON text at at, in quotes. */
static char *
put_quoted(char *at, const char *end, const char *s)
{
	*at++ = '"';
	for (; *s != '\0'; s++) {
		if (at + 8 > end)
			die("the request is too long");
		if (*s == '"' || *s == '\\')
			*at++ = '\\';
		*at++ = *s;
	}
	*at++ = '"';
	*at = '\0';
	return at;
}

static size_t
make_request(const struct load *l, char *out, const char *action, const char *body)
{
	int n = snprintf(out, REQUEST_MAX,
	    "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-amz-json-1.0\r\n"
	    "X-Amz-Target: AWSStepFunctions.%s\r\nContent-Length: %zu\r\n\r\n%s",
	    l->host, action, strlen(body), body);

	if (n < 0 || n >= REQUEST_MAX)
		die("the request is too long");
	return (size_t)n;
}

static void
make_start(struct load *l)
{
	static char body[REQUEST_MAX];
	const char *end = body + sizeof(body);
	char *at = body;

	if (l->execution != NULL) {
		snprintf(body, sizeof(body), "{\"executionArn\":\"%s\"}", l->execution);
		l->start_len = make_request(l, l->start, "DescribeExecution", body);
		return;
	}
	at = stpcpy(at, "{\"stateMachineArn\":");
	at = put_quoted(at, end, l->machine);
	at = stpcpy(at, ",\"input\":");
	at = put_quoted(at, end, l->input);
	stpcpy(at, "}");
	l->start_len = make_request(l, l->start, "StartExecution", body);
}

/* The request for the execution that an answer of StartExecution names. */
static void
make_describe(struct conn *c, const char *answer)
{
	static const char key[] = "\"executionArn\":\"";
	const char *arn = strstr(answer, key), *end;
	char body[1024];

	if (arn == NULL || (end = strchr(arn + sizeof(key) - 1, '"')) == NULL)
		die("an answer of StartExecution has no executionArn");
	arn += sizeof(key) - 1;
	snprintf(body, sizeof(body), "{\"executionArn\":\"%.*s\"}", (int)(end - arn), arn);
	c->describe_len = make_request(c->load, c->describe, "DescribeExecution", body);
}

/* One small request is under way per connection, so that a send never falls short. */
static void
conn_send(struct conn *c, enum call call, const char *request, size_t len)
{
	c->call = call;
	c->in_len = 0;
	c->sent_us = now_us();
	if (send(c->fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("cannot send a request");
}

/* --- the closed loop --------------------------------------------------------- */

static bool
may_start(const struct load *l)
{
	if (l->over || (l->count > 0 && l->nstarts >= l->count))
		return false;
	return l->open == 0 || l->nstarts - l->nended < l->open;
}

static void
conn_start(struct conn *c)
{
	struct load *l = c->load;

	if (!may_start(l))
		return;
	l->nstarts++;
	conn_send(c, CALL_START, l->start, l->start_len);
	c->started_us = c->sent_us;
}

/* --rate: how many are to have been started by now. */
static uint64_t
load_due(const struct load *l)
{
	return (uint64_t)((double)(now_us() - l->begin_us) / 1e6 * l->rate);
}

/* --rate: what is due, as far as there are connections. */
static void
load_fill(struct load *l)
{
	uint64_t due = load_due(l);

	while (!l->over && l->nstarts < due && l->nidle > 0) {
		struct conn *c = l->idle[--l->nidle];

		conn_send(c, CALL_START, l->start, l->start_len);
		c->sent_us = l->begin_us + (int64_t)((double)l->nstarts++ / l->rate * 1e6);
	}
}

static void
load_check_done(struct load *l)
{
	bool all_started = l->over || (l->count > 0 && l->nstarts >= l->count);
	bool all_ended = (!l->ended && l->open == 0) || l->nended == l->nstarts;

	if (all_started && l->nanswers == l->nstarts && all_ended)
		event_base_loopbreak(l->base);
}

/* The sum of a counter's values, whatever their labels; *other: of those without SUCCEEDED. */
static uint64_t
metric_sum(const char *text, const char *name, uint64_t *other)
{
	size_t len = strlen(name);
	uint64_t sum = 0, v;
	const char *line = text, *space, *end;

	*other = 0;
	for (; line != NULL && *line != '\0'; line = end == NULL ? NULL : end + 1) {
		end = strchr(line, '\n');
		if (strncmp(line, name, len) != 0 || (line[len] != ' ' && line[len] != '{') ||
		    (space = strchr(line, ' ')) == NULL)
			continue;
		v = strtoull(space, NULL, 10);
		sum += v;
		if (strstr(line, "SUCCEEDED") == NULL || strstr(line, "SUCCEEDED") > space)
			*other += v;
	}
	return sum;
}

static void
got_metrics(struct load *l, const char *text)
{
	struct timeval soon = { .tv_usec = METRICS_EVERY_US };
	uint64_t other, n = metric_sum(text, "pawl_executions_closed_total", &other);

	if (!l->ended_known) {
		l->ended_known = true;
		l->nended_before = n;
		l->begin_us = now_us();
	}
	if (other > 0)
		die("an execution did not succeed");
	if (n - l->nended_before != l->nended)
		l->end_us = now_us();
	l->nended = n - l->nended_before;
	for (int i = 0; i < l->nconns; i++)
		if (l->conns[i]->call == CALL_NONE)
			conn_start(l->conns[i]);
	event_add(l->tick, &soon);
}

static void
got_start(struct conn *c, const char *body)
{
	struct load *l = c->load;

	l->nanswers++;
	l->end_us = now_us();
	l->nrefused += c->refused;
	samples_add(c->refused ? &l->refused_us : &l->start_us, l->end_us - c->sent_us);
	if (l->rate > 0) {
		l->idle[l->nidle++] = c;
		load_fill(l);
	} else if (l->ended) {
		make_describe(c, body);
		conn_send(c, CALL_DESCRIBE, c->describe, c->describe_len);
	} else {
		conn_start(c);
	}
}

static void
got_describe(struct conn *c, const char *body)
{
	struct load *l = c->load;

	if (strstr(body, "\"status\":\"RUNNING\"") != NULL) {
		conn_send(c, CALL_DESCRIBE, c->describe, c->describe_len);
		return;
	}
	if (strstr(body, "\"status\":\"SUCCEEDED\"") == NULL)
		die("an execution did not succeed");
	l->nended++;
	l->end_us = now_us();
	samples_add(&l->ended_us, l->end_us - c->started_us);
	conn_start(c);
}

static void
conn_answered(struct conn *c, const char *body)
{
	struct load *l = c->load;
	enum call call = c->call;

	c->call = CALL_NONE;
	switch (call) {
	case CALL_START:
		got_start(c, body);
		break;
	case CALL_DESCRIBE:
		got_describe(c, body);
		break;
	case CALL_METRICS:
		got_metrics(l, body);
		break;
	case CALL_NONE:
		die("an answer that nobody asked for");
	}
	load_check_done(l);
}

/* Where the body of a whole answer begins, or NULL when more is to come. */
static const char *
whole_answer(struct conn *c)
{
	char *head_end, *line;
	size_t body_len;

	c->in[c->in_len] = '\0';
	if ((head_end = strstr(c->in, "\r\n\r\n")) == NULL)
		return NULL;
	c->refused = c->load->rate > 0 && strncmp(c->in, "HTTP/1.1 400 ", 13) == 0 &&
	    strstr(c->in, "x-amzn-errortype: ThrottlingException\r\n") != NULL;
	if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0 && !c->refused) {
		fprintf(stderr, "%s\n", c->in);
		die("an answer is not 200");
	}
	for (line = c->in; strncasecmp(line, "Content-Length:", 15) != 0; line += 2)
		if (line == head_end || (line = strstr(line, "\r\n")) == NULL)
			die("an answer has no Content-Length");
	body_len = strtoul(line + 15, NULL, 10);
	if ((size_t)(head_end + 4 - c->in) + body_len > ANSWER_MAX)
		die("an answer is too long");
	return head_end + 4 + body_len > c->in + c->in_len ? NULL : head_end + 4;
}

static void
conn_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	const char *body;
	ssize_t n = recv(fd, c->in + c->in_len, ANSWER_MAX - c->in_len, 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		die("the server closed a connection");
	c->in_len += (size_t)n;
	if ((body = whole_answer(c)) != NULL)
		conn_answered(c, body);
}

static struct conn *
conn_new(struct load *l)
{
	struct conn *c = calloc(1, sizeof(*c));
	int on = 1;

	if (c == NULL || (c->describe = malloc(REQUEST_MAX)) == NULL)
		die("out of memory");
	c->load = l;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->address, sizeof(l->address)) != 0)
		die("cannot connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	evutil_make_socket_nonblocking(c->fd);
	c->readable = event_new(l->base, c->fd, EV_READ | EV_PERSIST, conn_readable, c);
	event_add(c->readable, NULL);
	return c;
}

static void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	event_free(c->readable);
	close(c->fd);
	free(c->describe);
	free(c);
}

static void
load_tick(evutil_socket_t fd, short what, void *arg)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: load\r\n\r\n";
	struct load *l = arg;

	(void)fd;
	(void)what;
	conn_send(l->observer, CALL_METRICS, request, sizeof(request) - 1);
}

static void
load_rate_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	load_fill(arg);
}

/* First the time is over, then the patience. */
static void
load_limit(evutil_socket_t fd, short what, void *arg)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	struct load *l = arg;

	(void)fd;
	(void)what;
	if (l->over)
		die("what is under way does not end");
	l->over = true;
	event_add(l->limit, &patience);
	load_check_done(l);
}

static void
load_run(struct load *l)
{
	struct timeval seconds = { .tv_sec = (time_t)l->seconds,
		.tv_usec = (suseconds_t)((l->seconds - (double)(time_t)l->seconds) * 1e6) };

	l->base = event_base_new();
	l->conns = calloc((size_t)l->nconns, sizeof(struct conn *));
	if (l->base == NULL || l->conns == NULL)
		die("out of memory");
	for (int i = 0; i < l->nconns; i++)
		l->conns[i] = conn_new(l);
	l->limit = event_new(l->base, -1, 0, load_limit, l);
	event_add(l->limit, &seconds);
	l->begin_us = now_us();
	if (l->rate > 0) {
		struct timeval every = { .tv_usec = RATE_EVERY_US };

		l->idle = calloc((size_t)l->nconns, sizeof(struct conn *));
		if (l->idle == NULL)
			die("out of memory");
		for (int i = 0; i < l->nconns; i++)
			l->idle[l->nidle++] = l->conns[i];
		l->tick = event_new(l->base, -1, EV_PERSIST, load_rate_tick, l);
		event_add(l->tick, &every);
	} else if (l->open > 0) {
		l->observer = conn_new(l);
		l->tick = event_new(l->base, -1, 0, load_tick, l);
		load_tick(-1, 0, l); /* its answer starts the first ones */
	} else {
		for (int i = 0; i < l->nconns; i++)
			conn_start(l->conns[i]);
	}
	event_base_dispatch(l->base);
}

static void
load_print(struct load *l)
{
	double seconds = (double)(l->end_us - l->begin_us) / 1e6;
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("{\"executions\":%llu,\"seconds\":%.6f,\"rate\":%.1f,\"cpu_seconds\":%.3f",
	    (unsigned long long)l->nstarts, seconds, (double)l->nstarts / seconds,
	    (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
	if (l->rate > 0)
		printf(",\"refused\":%llu,\"unsent\":%llu", (unsigned long long)l->nrefused,
		    l->seconds * l->rate > (double)l->nstarts
			? (unsigned long long)(l->seconds * l->rate) - l->nstarts
			: 0ULL);
	samples_print(&l->start_us, "start_us");
	samples_print(&l->refused_us, "refused_us");
	samples_print(&l->ended_us, "ended_us");
	printf("}\n");
}

static void
load_fini(struct load *l)
{
	for (int i = 0; i < l->nconns; i++)
		conn_free(l->conns[i]);
	conn_free(l->observer);
	if (l->tick != NULL)
		event_free(l->tick);
	event_free(l->limit);
	event_base_free(l->base);
	free(l->conns);
	free(l->start_us.us);
	free(l->ended_us.us);
	free(l->refused_us.us);
	free(l->idle);
}

/* --- the command line --------------------------------------------------------- */

static void
read_url(struct load *l, const char *url)
{
	char host[40];
	unsigned port;

	if (sscanf(url, "http://%39[0-9.]:%u", host, &port) != 2 || port > 65535)
		die("the URL is not http://ADDRESS:PORT with an IPv4 address");
	l->address.sin_family = AF_INET;
	l->address.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &l->address.sin_addr) != 1)
		die("the URL's address is wrong");
	snprintf(l->host, sizeof(l->host), "%s:%u", host, port);
}

static void
read_arguments(struct load *l, int argc, char **argv)
{
	static const struct option options[] = {
		{ "url", required_argument, NULL, 'u' },
		{ "machine", required_argument, NULL, 'm' },
		{ "connections", required_argument, NULL, 'c' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ "input", required_argument, NULL, 'i' },
		{ "ended", no_argument, NULL, 'e' },
		{ "open", required_argument, NULL, 'o' },
		{ "rate", required_argument, NULL, 'r' },
		{ "describe", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'u':
			read_url(l, optarg);
			break;
		case 'm':
			l->machine = optarg;
			break;
		case 'c':
			l->nconns = (int)strtol(optarg, NULL, 10);
			break;
		case 'n':
			l->count = strtoull(optarg, NULL, 10);
			break;
		case 's':
			l->seconds = strtod(optarg, NULL);
			break;
		case 'i':
			l->input = optarg;
			break;
		case 'e':
			l->ended = true;
			break;
		case 'o':
			l->open = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			l->rate = strtod(optarg, NULL);
			break;
		case 'd':
			l->execution = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind != argc || l->host[0] == '\0' || l->nconns < 1 || l->seconds <= 0 ||
	    l->ended + (l->open > 0) + (l->rate > 0) > 1 ||
	    (l->execution != NULL ? l->rate <= 0 : l->machine == NULL)) {
		fprintf(stderr,
		    "usage: load --url URL --machine ARN [--connections N] [--count N]\n"
		    "            [--seconds S] [--input JSON] [--ended | --open N | --rate R [--describe ARN]]\n");
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct load l = { .input = "{}", .nconns = 1, .seconds = 5 };

	read_arguments(&l, argc, argv);
	make_start(&l);
	load_run(&l);
	load_print(&l);
	load_fini(&l);
	return 0;
}
