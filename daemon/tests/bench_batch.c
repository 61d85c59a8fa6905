/* SPDX-License-Identifier: MIT */
/*
 * How fast one core turns events into batches: the seeded mix of kinds that VM_BIND churn causes, through the batcher alone
 * (rows to packed bytes) and through resolver and batcher together (records to packed bytes). Prints one line of JSON.
 * Run by scripts/bench-tracer.mjs in an optimised build; never part of the tests, as it measures time.
 */
#include <inttypes.h>

#include "trace/resolve.h"
#include "util.h"
#include "wire/batch.h"

#define EVENTS (VS_BATCH_EVENTS * 32)
#define SECONDS 2

/* One VM_BIND operation as the kernel does it: insert and link, or remove and unlink, and its job. */
static const enum vs_kind maps[] = { VS_VA_INSERT, VS_VA_LINK, VS_JOB_QUEUE, VS_VM_BIND, VS_JOB_RUN, VS_JOB_DONE };
static const enum vs_kind unmaps[] = { VS_VA_REMOVE, VS_VA_UNLINK, VS_JOB_QUEUE, VS_VM_BIND, VS_JOB_RUN, VS_JOB_DONE };

static uint64_t seed = 1;

static uint64_t next(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static uint64_t address(enum vs_object object, uint64_t n)
{
	return 0xffff000000000000ull + ((uint64_t)object << 32) + n * 192;
}

/* The value of one column: objects by address, the rest in the sizes that they have on a board. */
static uint64_t value(Vascope__V1__Column column, uint64_t operation)
{
	enum vs_object object = vs_column_object(column);

	if (object == VS_OBJECT_VM)
		return address(object, 1);
	if (object == VS_OBJECT_JOB)
		return address(object, operation % 32);
	if (object != VS_OBJECT_NONE)
		return address(object, next(64));
	if (column == VASCOPE__V1__COLUMN__COLUMN_IOVA)
		return 0x100000000ull + (next(16384) << 12);
	if (vs_column_is_pages(column))
		return (1 + next(16)) << 12;
	return column == VASCOPE__V1__COLUMN__COLUMN_DURATION ? 20000 + next(20000) : next(4);
}

static void fill(struct vs_event *event, enum vs_kind kind, uint64_t operation, uint64_t time_ns)
{
	const struct vs_column *column = vs_schemas[kind].columns;
	int at = 0;

	*event = (struct vs_event){ .time_ns = time_ns, .kind = kind, .pid = 700, .tid = 700 + (kind == VS_JOB_RUN),
				    .comm = "vascoped" };
	for (int i = 0; column[i].column; i++)
		if (column[i].column != VASCOPE__V1__COLUMN__COLUMN_TASK &&
		    column[i].column != VASCOPE__V1__COLUMN__COLUMN_NAME)
			event->value[at++] = value(column[i].column, operation);
}

static void make(struct vs_event *events)
{
	uint64_t time_ns = 1000000000;

	for (size_t i = 0, operation = 0; i < EVENTS; operation++) {
		const enum vs_kind *kinds = next(2) ? maps : unmaps;

		for (size_t k = 0; k < VS_ARRAY_SIZE(maps) && i < EVENTS; k++, i++)
			fill(&events[i], kinds[k], operation, time_ns += 2000 + next(8000));
	}
}

struct figure {
	double per_second;
	double bytes;
};

/* Goes through all events until the time is over. Without records the rows are what was resolved before. */
static struct figure measure(struct vs_resolver *resolver, const struct vs_event *records, const struct vs_row *rows)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_batch batch;
	uint64_t began = vs_now_ns(), n = 0, bytes = 0, now;
	struct vs_row row;

	vs_batch_init(&batch);
	do {
		for (size_t i = 0; i < EVENTS; i++) {
			const struct vs_row *add = rows ? &rows[i] : &row;

			if (records)
				vs_resolve(resolver, &records[i], "msm-vm-bind", &row);
			vs_announce(&announcements, add);
			vs_batch_add(&batch, add);
			if (batch.n < VS_BATCH_EVENTS)
				continue;
			vs_batch_pack(&batch, &announcements, n / VS_BATCH_EVENTS + 1, VS_CLASS_ACTIVITY, &packed);
			bytes += packed.size;
			free(packed.data);
		}
		n += EVENTS;
		now = vs_now_ns();
	} while (now - began < SECONDS * VS_NS_PER_S);
	vs_batch_destroy(&batch);
	vs_announcements_destroy(&announcements);
	return (struct figure){ (double)n * 1e9 / (double)(now - began), (double)bytes / (double)n };
}

int main(void)
{
	_vs_free_ struct vs_event *events = vs_xcalloc(EVENTS, sizeof(*events));
	_vs_free_ struct vs_row *rows = vs_xcalloc(EVENTS, sizeof(*rows));
	struct vs_resolver resolver;
	struct figure batcher, both;

	make(events);
	vs_resolver_init(&resolver, 4096);
	for (size_t i = 0; i < EVENTS; i++) {
		vs_resolve(&resolver, &events[i], "msm-vm-bind", &rows[i]);
		rows[i].new_task = false;
		rows[i].new_name = false;
	}
	batcher = measure(&resolver, NULL, rows);
	both = measure(&resolver, events, NULL);
	vs_resolver_destroy(&resolver);
	printf("{\"batcherPerSecond\":%.0f,\"resolverAndBatcherPerSecond\":%.0f,\"bytesPerEvent\":%.2f}\n",
	       batcher.per_second, both.per_second, batcher.bytes);
	return 0;
}
