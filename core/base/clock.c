/*
 * clock - the two times, which are never mixed: wall (stored, shown) and
 * monotonic (deadlines in this process).
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define MS_OF_DAY 86400000LL

static bool fake;
static int64_t fake_wall_ms, fake_mono_ms;

static int64_t
read_us(clockid_t which)
{
	struct timespec ts;

	clock_gettime(which, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_wall_ms(void)
{
	return fake ? fake_wall_ms : read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
	return fake ? fake_mono_ms : read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_us(void)
{
	return fake ? fake_mono_ms * 1000 : read_us(CLOCK_MONOTONIC);
}

int64_t
clock_cpu_us(void)
{
	return read_us(CLOCK_THREAD_CPUTIME_ID);
}

void
clock_fake(int64_t wall_ms, int64_t mono_ms)
{
	fake = wall_ms != -1 || mono_ms != -1;
	fake_wall_ms = wall_ms;
	fake_mono_ms = mono_ms;
}

/*
 * Days since 1970-01-01 of a date of the proleptic Gregorian calendar. The year is
 * taken to begin in March, so that the leap day is its last day.
 */
static int64_t
days_of_date(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static void
date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;

	*day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

/* n digits of v, and the letter behind them. Every line of the log has a time: printf took half of it. */
static char *
put_digits(char *to, int n, int64_t v, char then)
{
	for (int i = n; i-- > 0; v /= 10)
		to[i] = (char)('0' + v % 10);
	to[n] = then;
	return to + n + 1;
}

void
clock_format_iso(int64_t wall_ms, char out[CLOCK_ISO_SIZE])
{
	int64_t days = wall_ms / MS_OF_DAY, year;
	int ms = (int)(wall_ms % MS_OF_DAY), month, day;

	if (ms < 0) {
		ms += (int)MS_OF_DAY;
		days--;
	}
	date_of_days(days, &year, &month, &day);
	if (year < 0 || year > 9999) {
		snprintf(out, CLOCK_ISO_SIZE, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
		    (long long)year, month, day, ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
		    ms % 1000);
		return;
	}
	out = put_digits(out, 4, year, '-');
	out = put_digits(out, 2, month, '-');
	out = put_digits(out, 2, day, 'T');
	out = put_digits(out, 2, ms / 3600000, ':');
	out = put_digits(out, 2, ms / 60000 % 60, ':');
	out = put_digits(out, 2, ms / 1000 % 60, '.');
	*put_digits(out, 3, ms % 1000, 'Z') = '\0';
}

/* Where the text is read; ok falls once and stays. */
struct scan {
	const char *s, *end;
	bool ok;
};

static int
scan_digits(struct scan *in, int n, int min, int max)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (in->s == in->end || *in->s < '0' || *in->s > '9') {
			in->ok = false;
			return min;
		}
		v = v * 10 + (*in->s++ - '0');
	}
	if (v < min || v > max)
		in->ok = false;
	return v;
}

static void
scan_char(struct scan *in, char c)
{
	if (in->s < in->end && *in->s == c)
		in->s++;
	else
		in->ok = false;
}

/* ".123456789", if it is there, as milliseconds. */
static int
scan_fraction(struct scan *in)
{
	int ms = 0, n = 0;

	if (in->s == in->end || *in->s != '.')
		return 0;
	for (in->s++; in->s < in->end && *in->s >= '0' && *in->s <= '9'; in->s++, n++)
		if (n < 3)
			ms = ms * 10 + (*in->s - '0');
	if (n < 1 || n > 9)
		in->ok = false;
	for (; n < 3; n++)
		ms *= 10;
	return ms;
}

/* "Z" or "+hh:mm", as minutes east of Greenwich. */
static int
scan_offset(struct scan *in)
{
	int sign, hours, minutes;

	if (in->s < in->end && *in->s == 'Z') {
		in->s++;
		return 0;
	}
	sign = in->s < in->end && *in->s == '-' ? -1 : 1;
	scan_char(in, sign < 0 ? '-' : '+');
	hours = scan_digits(in, 2, 0, 23);
	scan_char(in, ':');
	minutes = scan_digits(in, 2, 0, 59);
	return sign * (hours * 60 + minutes);
}

static int
days_of_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

int
clock_parse_iso(const char *s, size_t len, int64_t *wall_ms)
{
	struct scan in = { .s = s, .end = s + len, .ok = true };
	int year, month, day, hour, minute, second, ms, offset;

	year = scan_digits(&in, 4, 0, 9999);
	scan_char(&in, '-');
	month = scan_digits(&in, 2, 1, 12);
	scan_char(&in, '-');
	day = scan_digits(&in, 2, 1, 31);
	scan_char(&in, 'T');
	hour = scan_digits(&in, 2, 0, 23);
	scan_char(&in, ':');
	minute = scan_digits(&in, 2, 0, 59);
	scan_char(&in, ':');
	second = scan_digits(&in, 2, 0, 59);
	ms = scan_fraction(&in);
	offset = scan_offset(&in);
	if (!in.ok || in.s != in.end || day > days_of_month(year, month))
		return -1;
	*wall_ms = days_of_date(year, month, day) * MS_OF_DAY +
	    ((hour * 60 + minute - offset) * 60LL + second) * 1000 + ms;
	return 0;
}
