/* SPDX-License-Identifier: MIT */
/* Against a real pipe, read back with the daemon's own reader: what counts is what the desktop gets. */
#include "vs_test.h"

#include <errno.h>
#include <signal.h>

#include "util.h"
#include "wire/frame.h"
#include "wire/queue.h"

struct end {
	struct vs_queue queue;
	int pipe[2];
	struct vs_reader reader;
	uint64_t seq;
	uint64_t task;
};

static void open_end(struct end *end, size_t limit)
{
	*end = (struct end){ .task = 0 };
	assert_int_equal(pipe2(end->pipe, O_NONBLOCK), 0);
	vs_queue_init(&end->queue, limit, 2);
}

static void close_end(struct end *end)
{
	vs_queue_destroy(&end->queue);
	vs_reader_destroy(&end->reader);
	close(end->pipe[0]);
	close(end->pipe[1]);
}

/* A batch of n events of one kind, which announces one task of its own. */
static void put_batch(struct end *end, uint32_t kind, size_t n)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_batch batch;

	vs_batch_init(&batch);
	for (size_t i = 0; i < n; i++) {
		struct vs_row row = { .time_ns = 1000 + i, .kind = kind, .new_task = i == 0 };

		if (row.new_task) {
			row.task.id = ++end->task;
			snprintf(row.task.text, sizeof(row.task.text), "task %u", (unsigned int)end->task);
		}
		vs_announce(&announcements, &row);
		vs_batch_add(&batch, &row);
	}
	vs_batch_pack(&batch, &announcements, ++end->seq, vs_schemas[kind].class, &packed);
	vs_queue_batch(&end->queue, &packed);
	end->queue.next_seq = end->seq + 1;
	vs_announcements_destroy(&announcements);
	vs_batch_destroy(&batch);
}

/* Writes and reads until the queue has nothing more to say; returns the frames. */
static size_t take(struct end *end, Vascope__V1__Frame **frames, size_t room)
{
	size_t n = 0;

	for (;;) {
		static uint8_t bytes[65536];
		ssize_t got;

		assert_int_equal(vs_queue_write(&end->queue, end->pipe[1]), 0);
		got = read(end->pipe[0], bytes, sizeof(bytes));
		if (got < 0)
			break;
		for (ssize_t at = 0; at < got;) {
			const uint8_t *message;
			size_t size;
			ssize_t taken = vs_reader_push(&end->reader, bytes + at, (size_t)(got - at), &message, &size);

			assert_true(taken > 0);
			at += taken;
			if (!message)
				continue;
			assert_true(n < room);
			frames[n] = vascope__v1__frame__unpack(NULL, size, message);
			assert_non_null(frames[n++]);
		}
	}
	return n;
}

static void free_frames(Vascope__V1__Frame **frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vascope__v1__frame__free_unpacked(frames[i], NULL);
}

static void put_log(struct end *end)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Log log = VASCOPE__V1__LOG__INIT;

	frame.body_case = VASCOPE__V1__FRAME__BODY_LOG;
	frame.log = &log;
	vs_queue_control(&end->queue, &frame);
}

static void test_data_waits_for_credit_and_control_does_not(void **state)
{
	Vascope__V1__Frame *frames[8];
	struct end end;
	size_t n;

	open_end(&end, 1 << 20);
	put_batch(&end, VS_VM_DESTROY, 4);
	put_log(&end);
	n = take(&end, frames, 8);
	assert_int_equal(n, 1);
	assert_int_equal(frames[0]->body_case, VASCOPE__V1__FRAME__BODY_LOG);
	free_frames(frames, n);
	assert_false(vs_queue_wants_write(&end.queue));
	/* Any credit lets one frame go, however large it is; then it must be paid back. */
	end.queue.credit = 1;
	put_batch(&end, VS_VM_DESTROY, 4);
	n = take(&end, frames, 8);
	assert_int_equal(n, 1);
	assert_int_equal(frames[0]->body_case, VASCOPE__V1__FRAME__BODY_EVENTS);
	assert_true(end.queue.credit < 0);
	assert_int_equal(end.queue.delivered, 4);
	free_frames(frames, n);
	close_end(&end);
}

static void test_a_full_queue_drops_activity_before_lifecycle_and_the_oldest_first(void **state)
{
	Vascope__V1__Frame *frames[64];
	uint64_t total = 0, dropped = 0, delivered = 0;
	struct end end;
	size_t n;

	open_end(&end, 2000);
	for (int i = 0; i < 10; i++) {
		put_batch(&end, VS_JOB_DONE, 50);
		put_batch(&end, VS_VM_DESTROY, 10);
		total += 60;
	}
	assert_true(end.queue.bytes <= 2000);
	end.queue.credit = INT32_MAX;
	n = take(&end, frames, 64);
	for (size_t i = 0; i < n; i++) {
		if (frames[i]->body_case == VASCOPE__V1__FRAME__BODY_EVENTS)
			delivered += frames[i]->events->n_kind;
		if (frames[i]->body_case != VASCOPE__V1__FRAME__BODY_LOSS)
			continue;
		for (size_t k = 0; k < frames[i]->loss->n_kinds; k++) {
			assert_int_equal(frames[i]->loss->kinds[k]->kind, VS_JOB_DONE);
			dropped += frames[i]->loss->kinds[k]->queue;
		}
	}
	assert_true(dropped > 0);
	assert_int_equal(delivered + dropped, total);
	assert_int_equal(end.queue.delivered, delivered);
	assert_int_equal(end.queue.dropped, dropped);
	free_frames(frames, n);
	close_end(&end);
}

static void test_a_hole_in_the_numbers_is_told_just_before_the_batch_behind_it(void **state)
{
	Vascope__V1__Frame *frames[8];
	struct end end;
	size_t n;

	open_end(&end, 400);
	put_batch(&end, VS_JOB_DONE, 60);
	put_batch(&end, VS_JOB_DONE, 60);
	put_batch(&end, VS_JOB_DONE, 60);
	put_batch(&end, VS_JOB_DONE, 60);
	end.queue.credit = INT32_MAX;
	n = take(&end, frames, 8);
	assert_true(n >= 2);
	assert_int_equal(frames[0]->body_case, VASCOPE__V1__FRAME__BODY_LOSS);
	assert_int_equal(frames[1]->body_case, VASCOPE__V1__FRAME__BODY_EVENTS);
	assert_true(frames[1]->events->seq > 1);
	assert_int_equal(frames[0]->loss->batch_seq, frames[1]->events->seq);
	assert_int_equal(frames[0]->loss->kinds[0]->queue, 60 * (frames[1]->events->seq - 1));
	free_frames(frames, n);
	close_end(&end);
}

static void put_status(struct end *end)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__ScenarioStatus status = VASCOPE__V1__SCENARIO_STATUS__INIT;

	frame.body_case = VASCOPE__V1__FRAME__BODY_SCENARIO;
	frame.scenario = &status;
	vs_queue_data(&end->queue, &frame);
}

static void expect_order(struct end *end, const Vascope__V1__Frame__BodyCase *bodies, size_t count, size_t loss,
			 uint64_t batch_seq)
{
	Vascope__V1__Frame *frames[8];
	size_t n;

	end->queue.unlimited = true;
	n = take(end, frames, 8);
	assert_int_equal(n, count);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(frames[i]->body_case, bodies[i]);
	assert_int_equal(frames[loss]->loss->batch_seq, batch_seq);
	free_frames(frames, n);
}

static void test_a_loss_names_the_batch_behind_the_last_hole(void **state)
{
	const Vascope__V1__Frame__BodyCase bodies[] = {
		VASCOPE__V1__FRAME__BODY_LOSS,
		VASCOPE__V1__FRAME__BODY_EVENTS,
		VASCOPE__V1__FRAME__BODY_EVENTS,
	};
	struct end end;

	open_end(&end, 1 << 20);
	put_batch(&end, VS_VM_DESTROY, 10);
	put_batch(&end, VS_JOB_DONE, 100);
	end.queue.limit = end.queue.bytes;
	put_batch(&end, VS_VM_DESTROY, 10);
	assert_int_equal(end.queue.dropped, 100);
	/* The second of three is gone; the first is still before the hole. */
	expect_order(&end, bodies, VS_ARRAY_SIZE(bodies), 0, 3);
	close_end(&end);
}

static void test_a_loss_goes_between_the_frames_before_it_and_those_after_it(void **state)
{
	const Vascope__V1__Frame__BodyCase bodies[] = {
		VASCOPE__V1__FRAME__BODY_EVENTS,   VASCOPE__V1__FRAME__BODY_SCENARIO, VASCOPE__V1__FRAME__BODY_LOSS,
		VASCOPE__V1__FRAME__BODY_SCENARIO, VASCOPE__V1__FRAME__BODY_EVENTS,
	};
	struct end end;

	open_end(&end, 1 << 20);
	put_batch(&end, VS_VM_DESTROY, 10);
	put_status(&end);
	vs_queue_kernel_loss(&end.queue, VS_VA_INSERT, 3, 10, 20);
	put_status(&end);
	put_batch(&end, VS_VM_DESTROY, 10);
	expect_order(&end, bodies, VS_ARRAY_SIZE(bodies), 2, 2);
	close_end(&end);
}

static void test_a_loss_waits_for_an_older_frame_but_not_for_its_batch(void **state)
{
	const Vascope__V1__Frame__BodyCase bodies[] = {
		VASCOPE__V1__FRAME__BODY_SCENARIO,
		VASCOPE__V1__FRAME__BODY_LOSS,
		VASCOPE__V1__FRAME__BODY_EVENTS,
	};
	struct end end;

	open_end(&end, 1 << 20);
	put_status(&end);
	vs_queue_kernel_loss(&end.queue, VS_VA_INSERT, 3, 10, 20);
	put_batch(&end, VS_VM_DESTROY, 10);
	expect_order(&end, bodies, VS_ARRAY_SIZE(bodies), 1, 1);
	close_end(&end);
}

static void test_tasks_of_dropped_batches_come_with_the_next_one(void **state)
{
	Vascope__V1__Frame *frames[8];
	uint64_t seen = 0;
	struct end end;
	size_t n;

	open_end(&end, 400);
	for (int i = 0; i < 5; i++)
		put_batch(&end, VS_JOB_DONE, 60);
	end.queue.credit = INT32_MAX;
	n = take(&end, frames, 8);
	assert_true(end.queue.dropped >= 60);
	for (size_t i = 0; i < n; i++)
		if (frames[i]->body_case == VASCOPE__V1__FRAME__BODY_EVENTS)
			for (size_t t = 0; t < frames[i]->events->n_tasks; t++)
				assert_int_equal(frames[i]->events->tasks[t]->id, ++seen);
	assert_int_equal(seen, 5);
	free_frames(frames, n);
	close_end(&end);
}

static void test_a_loss_with_nothing_behind_it_is_told_on_demand(void **state)
{
	Vascope__V1__Frame *frames[8];
	struct end end;
	size_t n;

	open_end(&end, 1 << 20);
	vs_queue_kernel_loss(&end.queue, VS_VA_INSERT, 3, 10, 20);
	vs_queue_kernel_loss_cpu(&end.queue, 1, 3);
	vs_queue_flush_loss(&end.queue);
	vs_queue_flush_loss(&end.queue);
	n = take(&end, frames, 8);
	assert_int_equal(n, 1);
	assert_int_equal(frames[0]->loss->kinds[0]->kernel, 3);
	assert_int_equal(frames[0]->loss->cpus[0]->cpu, 1);
	assert_int_equal(frames[0]->loss->first_ns, 10);
	assert_int_equal(frames[0]->loss->batch_seq, 1);
	free_frames(frames, n);
	close_end(&end);
}

/* A link that takes a little of a frame is not one that takes nothing. */
static void test_bytes_count_as_written_before_their_frame_is_delivered(void **state)
{
	Vascope__V1__Frame *frames[8];
	uint64_t before;
	struct end end;
	size_t n;

	open_end(&end, 1 << 20);
	assert_int_equal(fcntl(end.pipe[1], F_SETPIPE_SZ, 4096), 4096);
	for (int i = 0; i < 4; i++)
		put_batch(&end, VS_JOB_DONE, 4000);
	end.queue.unlimited = true;
	assert_int_equal(vs_queue_write(&end.queue, end.pipe[1]), 0);
	before = end.queue.written;
	assert_true(before > 0);
	assert_int_equal(end.queue.delivered, 0);
	/* The pipe is full. */
	assert_int_equal(vs_queue_write(&end.queue, end.pipe[1]), 0);
	assert_int_equal(end.queue.written, before);
	n = take(&end, frames, 8);
	assert_int_equal(n, 4);
	assert_true(end.queue.written > before);
	free_frames(frames, n);
	close_end(&end);
}

static void test_snapshots_wait_until_the_one_before_went_out(void **state)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Snapshot snapshot = VASCOPE__V1__SNAPSHOT__INIT;
	Vascope__V1__Frame *frames[64];
	struct end end;
	size_t n;

	open_end(&end, 4000);
	frame.body_case = VASCOPE__V1__FRAME__BODY_SNAPSHOT;
	frame.snapshot = &snapshot;
	assert_true(vs_queue_takes_snapshot(&end.queue));
	vs_queue_data(&end.queue, &frame);
	vs_queue_data(&end.queue, &frame);
	assert_false(vs_queue_takes_snapshot(&end.queue));
	end.queue.unlimited = true;
	n = take(&end, frames, 64);
	assert_int_equal(n, 2);
	free_frames(frames, n);
	assert_true(vs_queue_takes_snapshot(&end.queue));
	while (end.queue.bytes <= 2000)
		put_batch(&end, VS_JOB_DONE, 60);
	assert_false(vs_queue_takes_snapshot(&end.queue));
	n = take(&end, frames, 64);
	free_frames(frames, n);
	assert_true(vs_queue_takes_snapshot(&end.queue));
	close_end(&end);
}

static void test_a_reader_that_went_away_is_an_error(void **state)
{
	struct end end;

	signal(SIGPIPE, SIG_IGN);
	open_end(&end, 1 << 20);
	close(end.pipe[0]);
	put_log(&end);
	assert_int_equal(vs_queue_write(&end.queue, end.pipe[1]), -EPIPE);
	end.pipe[0] = -1;
	close_end(&end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_waits_for_credit_and_control_does_not),
		cmocka_unit_test(test_a_full_queue_drops_activity_before_lifecycle_and_the_oldest_first),
		cmocka_unit_test(test_a_hole_in_the_numbers_is_told_just_before_the_batch_behind_it),
		cmocka_unit_test(test_a_loss_names_the_batch_behind_the_last_hole),
		cmocka_unit_test(test_a_loss_goes_between_the_frames_before_it_and_those_after_it),
		cmocka_unit_test(test_a_loss_waits_for_an_older_frame_but_not_for_its_batch),
		cmocka_unit_test(test_tasks_of_dropped_batches_come_with_the_next_one),
		cmocka_unit_test(test_a_loss_with_nothing_behind_it_is_told_on_demand),
		cmocka_unit_test(test_bytes_count_as_written_before_their_frame_is_delivered),
		cmocka_unit_test(test_snapshots_wait_until_the_one_before_went_out),
		cmocka_unit_test(test_a_reader_that_went_away_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
