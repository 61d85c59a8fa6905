// SPDX-License-Identifier: MIT
/*
 * Every scenario against the fake msm: what it expects is what the fake counted, and nothing is left over, whether it
 * ends well, is cancelled at any point, or any one of its requests fails.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include <xf86drm.h>

#include "drm/msm.h"
#include "fake_msm.h"
#include "scenario/catalogue.h"
#include "scenario/expect.h"

/* A small run of a scenario. */
struct setting {
	const char *id;
	const char *name[8];
	uint64_t value[8];
};

/* With parameters of their own; fill() adds the rest of the catalogue. */
static const struct setting first_settings[] = {
	{ "vm-bind-churn", { "ops", "bos", "live", "submits" }, { 300, 8, 20, 50 } },
	{ "vm-bind-remap-split", { "rounds", "bos", "bo-pages" }, { 12, 3, 16 } },
	{ "close-handle-while-mapped", { "rounds", "bos", "hold" }, { 4, 3, 0 } },
	{ "scanout-flip", { "flips", "interval" }, { 7, 0 } },
	{ "scanout-flip", { "flips", "interval", "close-handles" }, { 7, 0, 1 } },
	{ "scanout-flip", { "flips", "interval", "output" }, { 7, 0, 2 } },
};

#define N_FIRST (sizeof(first_settings) / sizeof(first_settings[0]))
#define MAX_SETTINGS 96

static struct setting settings[MAX_SETTINGS];
static size_t n_settings;

static struct vs_runner_fds fds;
static uint64_t cancel_at; /* this step cancels, 0 for none */
static uint64_t steps;
static bool cancel_submit; /* the first step after a submit cancels */
static int control_fd; /* readable: every wait asks step() */
static unsigned checkpoints;

static bool is_set(const char *id)
{
	for (size_t i = 0; i < N_FIRST; i++)
		if (!strcmp(first_settings[i].id, id))
			return true;
	return false;
}

/* A small amount of work for the first parameter of each. */
static int fill(void **state)
{
	const struct vs_scenario *const *all;
	size_t n = vs_scenarios(&all);

	memcpy(settings, first_settings, sizeof(first_settings));
	n_settings = N_FIRST;
	for (size_t i = 0; i < n; i++) {
		const char *name = all[i]->params[0].name;

		if (is_set(all[i]->id))
			continue;
		assert_true(n_settings < MAX_SETTINGS);
		settings[n_settings++] = (struct setting){
			all[i]->id, { name },
			{ !strcmp(name, "sequences") ? 300 : !strcmp(name, "flips") ? 6 : !strcmp(name, "runs") ? 5 : 2 },
		};
	}
	return 0;
}

static int set_up(void **state)
{
	fake_msm_start(&fds);
	fake.has_display = true;
	vs_ordinals_reset();
	cancel_at = 0;
	steps = 0;
	cancel_submit = false;
	control_fd = -1;
	return 0;
}

static int tear_down(void **state)
{
	fake_msm_stop(&fds);
	return 0;
}

static int step(struct vs_run *run, void *data)
{
	return ++steps == cancel_at || (cancel_submit && fake.submits) ? -ECANCELED : 0;
}

static int checkpoint(struct vs_run *run, Vascope__V1__Checkpoint *what, void *data)
{
	char why[128];

	checkpoints++;
	if (!fake_msm_agrees(what, why))
		fail_msg("%s, %s: %s", run->scenario->id, what->step, why);
	return 0;
}

static int run_setting(struct vs_run *run, const struct setting *setting, uint64_t seed)
{
	Vascope__V1__RunScenario request = VASCOPE__V1__RUN_SCENARIO__INIT;
	Vascope__V1__ParameterValue parameter[8];
	Vascope__V1__ParameterValue *parameters[8];
	size_t n;
	int r;

	for (n = 0; n < 8 && setting->name[n]; n++) {
		vascope__v1__parameter_value__init(&parameter[n]);
		parameter[n].name = (char *)setting->name[n];
		parameter[n].value = setting->value[n];
		parameters[n] = &parameter[n];
	}
	request.scenario = (char *)setting->id;
	request.seed = seed;
	request.n_parameters = n;
	request.parameters = parameters;
	*run = (struct vs_run){ .control = { .fd = control_fd, .step = step, .checkpoint = checkpoint } };
	if (vs_catalogue_prepare(&request, &fds, run)) {
		print_error("%s\n", run->text);
		fail();
	}
	/* Only what never comes is waited for briefly. */
	if (fake.hold_fences)
		run->fence_timeout_ms = 20;
	/* It opens the card anew, which here is not a file. */
	if (!strcmp(setting->id, "legacy-two-handles") || !strcmp(setting->id, "soak"))
		strcpy(fds.card_path, fds.render_path);
	r = vs_run_scenario(run);
	vs_expect_clear(run);
	return r;
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void assert_nothing_left(void)
{
	fake_msm_settle();
	assert_int_equal(fake_msm_vas(), 0);
	assert_int_equal(fake_msm_handles(), 0);
	assert_int_equal(fake_msm_bos(), 0);
	assert_int_equal(fake_msm_queues(), 0);
	assert_int_equal(fake_msm_fbs(), 0);
	assert_int_equal(fake_msm_blobs(), 0);
	assert_int_equal(fake_msm_lit(), 0);
	assert_false(fake_msm_other_disturbed());
	assert_false(fake_msm_master() && fake.failed != DRM_IOCTL_DROP_MASTER);
}

static void assert_counts(const struct vs_run *run)
{
	unsigned counts = run->scenario->counts;

	if (counts & VS_COUNTS(EXPECT_VA_INSERT)) {
		assert_int_equal(run->issued[VS_ISSUED_EXPECT_VA_INSERT], fake.va_inserts);
		assert_int_equal(run->issued[VS_ISSUED_EXPECT_VA_REMOVE], fake.va_removes);
	}
	assert_int_equal(fake.va_inserts, fake.va_removes);
	assert_int_equal(run->issued[VS_ISSUED_MAP], fake.maps);
	assert_int_equal(run->issued[VS_ISSUED_UNMAP], fake.unmaps);
	assert_int_equal(run->issued[VS_ISSUED_MAP_NULL], fake.map_nulls);
	assert_int_equal(run->issued[VS_ISSUED_SUBMIT], fake.submits);
	assert_int_equal(run->issued[VS_ISSUED_COMMIT], fake.commits);
	/* A shared BO has more handles than it was made with. */
	assert_true(run->issued[VS_ISSUED_GEM_NEW] <= run->issued[VS_ISSUED_GEM_CLOSE]);
	assert_int_equal(run->issued[VS_ISSUED_ADDFB], run->issued[VS_ISSUED_RMFB]);
	for (int i = 0; i < VS_N_ISSUED; i++)
		assert_true(!run->issued[i] || counts & 1u << i || i >= VS_ISSUED_EXPECT_VA_INSERT ||
			    i == VS_ISSUED_GEM_NEW || i == VS_ISSUED_GEM_CLOSE);
	assert_int_equal(fake.bad_handles, 0);
	assert_int_equal(fake.early_writebacks, 0);
}

/* Those that wait by the clock are run once only. */
static bool is_slow(const struct setting *setting)
{
	return !strcmp(setting->id, "kill-with-pending-bind");
}

static void test_each_ends_well_expects_what_happens_and_leaves_nothing(void **state)
{
	for (size_t i = 0; i < n_settings; i++) {
		for (uint64_t seed = 0; seed < (is_slow(&settings[i]) ? 1 : 20); seed++) {
			unsigned files;
			struct vs_run run;

			checkpoints = 0;

			tear_down(NULL);
			set_up(NULL);
			files = open_files();
			assert_int_equal(run_setting(&run, &settings[i], seed), 0);
			assert_string_equal(run.text, "");
			assert_int_equal(run.done, run.total);
			assert_true(checkpoints > 0);
			assert_counts(&run);
			assert_nothing_left();
			assert_int_equal(open_files(), files);
		}
	}
}

static void test_each_issues_what_it_is_told_to(void **state)
{
	struct vs_run run;

	assert_int_equal(run_setting(&run, &settings[0], 1), 0);
	/* The buffers of the GPU job, 300 operations, the final UNMAP. */
	assert_int_equal(fake.maps + fake.unmaps + fake.map_nulls, 2 + 300 + 1);
	assert_int_equal(fake.submits, 6);
	assert_true(fake.map_nulls > 0);
	tear_down(NULL);
	set_up(NULL);
	assert_int_equal(run_setting(&run, &settings[1], 1), 0);
	assert_int_equal(fake.maps + fake.unmaps + fake.map_nulls, 12 * (3 + 24 + 1));
	/* Splits: more VAs were inserted than were asked for. */
	assert_true(fake.va_inserts > fake.maps + fake.map_nulls);
	tear_down(NULL);
	set_up(NULL);
	assert_int_equal(run_setting(&run, &settings[3], 1), 0);
	assert_int_equal(fake.commits, 7 + 1);
}

static void test_the_same_seed_issues_the_same_requests(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		uint64_t hash[3];

		for (int k = 0; k < 3; k++) {
			struct vs_run run;

			tear_down(NULL);
			set_up(NULL);
			assert_int_equal(run_setting(&run, &settings[i], k == 2 ? 6 : 5), 0);
			hash[k] = fake.hash;
		}
		assert_int_equal(hash[0], hash[1]);
		if (i < 2) /* close-handle-while-mapped draws only the values it writes */
			assert_int_not_equal(hash[0], hash[2]);
	}
}

static void test_without_prr_no_map_null_is_issued(void **state)
{
	for (size_t i = 0; i < 2; i++) {
		struct vs_run run;

		tear_down(NULL);
		set_up(NULL);
		fake.no_prr = true;
		assert_int_equal(run_setting(&run, &settings[i], 3), 0);
		assert_int_equal(fake.map_nulls, 0);
		assert_counts(&run);
	}
}

static void test_a_cancel_at_any_step_leaves_nothing_and_counts_stay_exact(void **state)
{
	for (size_t i = 0; i < n_settings; i++) {
		for (uint64_t at = 1; !is_slow(&settings[i]); at += 1 + at / 8) {
			unsigned files;
			struct vs_run run;
			int r;

			tear_down(NULL);
			set_up(NULL);
			cancel_at = at;
			files = open_files();
			r = run_setting(&run, &settings[i], 1);
			if (steps < at) {
				assert_int_equal(r, 0);
				break;
			}
			assert_int_equal(r, -ECANCELED);
			assert_string_equal(run.text, "");
			assert_counts(&run);
			assert_nothing_left();
			assert_int_equal(open_files(), files);
		}
	}
}

static void test_a_cancel_while_the_gpu_runs_lets_it_end_first(void **state)
{
	/* Those that submit. */
	for (size_t i = 0; i < 3; i += 2) {
		struct vs_run run;

		tear_down(NULL);
		set_up(NULL);
		fake.submit_ms = 50;
		cancel_submit = true;
		control_fd = eventfd(1, EFD_CLOEXEC);
		assert_true(control_fd >= 0);
		assert_int_equal(run_setting(&run, &settings[i], 1), -ECANCELED);
		close(control_fd);
		assert_int_equal(fake.submits, 1);
		assert_int_equal(fake.binds_while_busy, 0);
		assert_string_equal(run.text, "");
		assert_counts(&run);
		assert_nothing_left();
	}
}

/* A request that gives something back; when it fails, closing the file does it. */
static bool gives_back(unsigned long request)
{
	return request == DRM_IOCTL_GEM_CLOSE || request == DRM_IOCTL_MODE_DESTROY_DUMB ||
	       request == DRM_IOCTL_SYNCOBJ_DESTROY || request == DRM_IOCTL_MODE_RMFB || request == DRM_IOCTL_MODE_DESTROYPROPBLOB ||
	       request == VS_IOCTL_MSM_SUBMITQUEUE_CLOSE;
}

/* Soak picks none of the scenarios that are left out below with it. */
#define FAILING_SEED 2

static void test_any_failing_request_is_named_and_leaves_nothing(void **state)
{
	for (size_t i = 0; i < n_settings; i++) {
		uint64_t total, last_work = 0;
		struct vs_run run;

		/* Requests that are refused as it is, and those of another process, which are not counted here. */
		if (is_slow(&settings[i]) || !strcmp(settings[i].id, "vm-bind-bad-arguments") ||
		    !strcmp(settings[i].id, "exit-with-mappings"))
			continue;

		tear_down(NULL);
		set_up(NULL);
		assert_int_equal(run_setting(&run, &settings[i], FAILING_SEED), 0);
		total = fake.ioctls;
		for (uint64_t at = 1; at <= total; at += 1 + at / 16) {
			unsigned files;
			int r;

			tear_down(NULL);
			set_up(NULL);
			fake.fail_at = at;
			fake.fail_errno = ENOMEM;
			files = open_files();
			r = run_setting(&run, &settings[i], FAILING_SEED);
			if (!fake.failed)
				fail_msg("ioctl %d of %s was not reached", (int)at, settings[i].id);
			if (r != -ENOMEM || !strstr(run.text, "Cannot allocate memory"))
				fail_msg("%s, ioctl %d (0x%lx): %d '%s'", settings[i].id, (int)at, fake.failed, r,
					 run.text);
			fake_msm_settle();
			if (open_files() != files)
				fail_msg("%s, ioctl %d (0x%lx): %u files are open, not %u", settings[i].id, (int)at,
					 fake.failed, open_files(), files);
			assert_int_equal(fake.bad_handles, 0);
			assert_int_equal(fake_msm_lit() && fake.failed != DRM_IOCTL_MODE_ATOMIC, 0);
			/* The final UNMAP and the last commit give back as well. */
			if (!gives_back(fake.failed) && run.done < run.total) {
				assert_nothing_left();
				last_work = at;
			}
		}
		assert_true(last_work > 0);
	}
}

static void test_a_fence_error_is_reported_with_its_request(void **state)
{
	struct vs_run run;

	fake.fence_status = -EIO;
	assert_int_equal(run_setting(&run, &settings[2], 1), -EIO);
	assert_string_equal(run.text, "the fence of VM_BIND request 0, 2 operations signalled an error: Input/output error");
	assert_nothing_left();
}

static void test_a_fence_that_does_not_signal_is_reported_with_its_request(void **state)
{
	struct vs_run run;

	fake.hold_fences = 1;
	assert_int_equal(run_setting(&run, &settings[1], 1), -ETIME);
	assert_string_equal(run.text, "the fence of VM_BIND request 0, 3 operations did not signal within 20 ms: Timer expired");
	assert_nothing_left();
	tear_down(NULL);
	set_up(NULL);
	fake.hold_fences = 1;
	assert_int_equal(run_setting(&run, &settings[3], 1), -ETIME);
	assert_non_null(strstr(run.text, "the fence of atomic commit 0 did not signal"));
	assert_nothing_left();
	tear_down(NULL);
	set_up(NULL);
	fake.hold_fences = 1;
	assert_int_equal(run_setting(&run, &settings[5], 1), -ETIME);
	assert_non_null(strstr(run.text, "the page flip of commit 0 did not complete"));
	assert_nothing_left();
}

static void test_a_write_that_does_not_arrive_is_reported(void **state)
{
	struct vs_run run;

	fake.break_writes = true;
	assert_int_equal(run_setting(&run, &settings[2], 1), -EIO);
	assert_non_null(strstr(run.text, "has no handle any more and does not work"));
	assert_nothing_left();
	tear_down(NULL);
	set_up(NULL);
	fake.break_writes = true;
	assert_int_equal(run_setting(&run, &settings[0], 1), -EIO);
	assert_non_null(strstr(run.text, "GEM_SUBMIT 0 wrote 0x"));
	assert_nothing_left();
}

static void test_a_missing_render_node_is_named(void **state)
{
	struct vs_run run;

	strcpy(fds.render_path, "/dev/dri/renderD999");
	assert_int_equal(run_setting(&run, &settings[0], 1), -ENOENT);
	assert_non_null(strstr(run.text, "opening /dev/dri/renderD999"));
}

static void test_scanout_takes_the_display_when_there_is_no_writeback(void **state)
{
	struct vs_run run;

	fake.has_writeback = false;
	assert_int_equal(run_setting(&run, &settings[3], 1), 0);
	/* No buffer to write to: the three of the chain only. */
	assert_int_equal(run.issued[VS_ISSUED_ADDFB], 3);
	assert_nothing_left();
}

static void test_scanout_says_when_there_is_nothing_to_show_on(void **state)
{
	struct vs_run run;

	fake.has_writeback = false;
	fake.has_display = false;
	assert_int_equal(run_setting(&run, &settings[3], 1), -ENODEV);
	assert_non_null(strstr(run.text, "has no writeback connector or connected display"));
	assert_nothing_left();
}

static void test_scanout_leaves_a_blanked_crtc_to_its_owner(void **state)
{
	for (size_t i = 3; i < N_FIRST; i++) {
		struct vs_run run;

		tear_down(NULL);
		set_up(NULL);
		fake_msm_other_blanks();
		assert_int_equal(run_setting(&run, &settings[i], 1), 0);
		assert_nothing_left();
	}
}

static void test_scanout_leaves_a_display_to_its_owner(void **state)
{
	struct vs_run run;

	fake_msm_other_takes_display();
	assert_int_equal(run_setting(&run, &settings[5], 1), -EBUSY);
	assert_non_null(strstr(run.text, "every connected display of fake card, or each CRTC or primary plane for it, is in use"));
	assert_int_equal(fake.commits, 0);
	assert_nothing_left();
	tear_down(NULL);
	set_up(NULL);
	fake_msm_other_takes_display();
	/* Writeback is free. */
	assert_int_equal(run_setting(&run, &settings[3], 1), 0);
	assert_nothing_left();
}

static void test_scanout_says_when_there_is_no_free_primary_plane(void **state)
{
	for (int display = 0; display < 2; display++) {
		struct vs_run run;

		tear_down(NULL);
		set_up(NULL);
		fake.has_display = display;
		fake_msm_other_takes_planes();
		assert_int_equal(run_setting(&run, &settings[3], 1), -EBUSY);
		assert_non_null(strstr(run.text, "is in use"));
		assert_int_equal(fake.commits, 0);
		assert_nothing_left();
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_each_ends_well_expects_what_happens_and_leaves_nothing),
		TEST(test_each_issues_what_it_is_told_to),
		TEST(test_the_same_seed_issues_the_same_requests),
		TEST(test_without_prr_no_map_null_is_issued),
		TEST(test_a_cancel_at_any_step_leaves_nothing_and_counts_stay_exact),
		TEST(test_a_cancel_while_the_gpu_runs_lets_it_end_first),
		TEST(test_any_failing_request_is_named_and_leaves_nothing),
		TEST(test_a_fence_error_is_reported_with_its_request),
		TEST(test_a_fence_that_does_not_signal_is_reported_with_its_request),
		TEST(test_a_write_that_does_not_arrive_is_reported),
		TEST(test_a_missing_render_node_is_named),
		TEST(test_scanout_takes_the_display_when_there_is_no_writeback),
		TEST(test_scanout_says_when_there_is_nothing_to_show_on),
		TEST(test_scanout_leaves_a_blanked_crtc_to_its_owner),
		TEST(test_scanout_leaves_a_display_to_its_owner),
		TEST(test_scanout_says_when_there_is_no_free_primary_plane),
	};

	return cmocka_run_group_tests(tests, fill, NULL);
}
