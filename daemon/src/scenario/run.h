/* SPDX-License-Identifier: MIT */
/*
 * What a scenario is, and what it may use while it runs. Scenarios that belong together are a family: one file with a table
 * of struct vs_scenario, and one line in catalogue.c.
 *
 * Rules for a scenario: check every request; do the same requests in the same order for the same seed
 * and parameters (random numbers from run->rng only, no time, no addresses); call vs_run_step() between
 * requests; give back all it created on every way out.
 */
#ifndef VS_SCENARIO_RUN_H
#define VS_SCENARIO_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenario/needs.h"
#include "scenario/rng.h"
#include "scenario/runner.h"
#include "util.h"

#define VS_MAX_PARAMS 12

/* An emulated board needs up to 50 ms for a submit, and msm's hangcheck ends a hung one after 2.6 s. */
#define VS_FENCE_TIMEOUT_MS 20000

/* What is counted in ScenarioStatus.issued. The names are in run.c. */
enum vs_issued {
	VS_ISSUED_MAP,
	VS_ISSUED_UNMAP,
	VS_ISSUED_MAP_NULL,
	VS_ISSUED_SUBMIT,
	VS_ISSUED_COMMIT,
	VS_ISSUED_GEM_NEW,
	VS_ISSUED_GEM_CLOSE,
	VS_ISSUED_ADDFB,
	VS_ISSUED_RMFB,
	VS_ISSUED_EXPECT_VA_INSERT,
	VS_ISSUED_EXPECT_VA_REMOVE,
	VS_N_ISSUED,
};

#define VS_COUNTS(what) (1u << VS_ISSUED_##what)
/* What every scenario that works in a VM_BIND VM counts. */
#define VS_COUNTS_VM_BIND                                                                          \
	(VS_COUNTS(MAP) | VS_COUNTS(UNMAP) | VS_COUNTS(MAP_NULL) | VS_COUNTS(SUBMIT) |             \
	 VS_COUNTS(GEM_NEW) | VS_COUNTS(GEM_CLOSE) | VS_COUNTS(EXPECT_VA_INSERT) |                 \
	 VS_COUNTS(EXPECT_VA_REMOVE))

struct vs_param {
	const char *name;
	const char *description;
	const char *unit;
	uint64_t min;
	uint64_t max;
	uint64_t value; /* when none is given */
};

struct vs_run;
struct vs_vm;

struct vs_scenario {
	const char *id;
	const char *description; /* the spirit of it, one sentence */
	unsigned needs;          /* VS_NEEDS_* */
	bool destructive;        /* may leave the board in need of a reboot */
	unsigned counts; /* VS_COUNTS() of what it reports, also when it is 0 */
	const struct vs_param *params; /* the first one is the amount of work: the run's total */
	size_t n_params;
	/* One of the two. 0, -ECANCELED, or -errno after vs_run_fail(). */
	int (*run)(struct vs_run *run);
	/* Once for each of run->total rounds, in a new VM, which is closed afterwards. */
	int (*in_vm)(struct vs_vm *vm);
	/* How that VM is opened. NULL: vs_vm_open(), with VM_BIND. */
	int (*open)(struct vs_vm *vm, struct vs_run *run);
};

/* The parameters of a scenario that has none but how often. */
#define VS_ROUNDS(n)                                                                               \
	.params = (const struct vs_param[]){ { "rounds", "times to do it, each time anew", "", 1, 100000, n } },      \
	.n_params = 1

/* A table of scenarios that belong together. */
struct vs_family {
	const struct vs_scenario *scenario;
	size_t n;
};

#define VS_FAMILY(name)                                                                            \
	const struct vs_family vs_family_##name = { scenarios, sizeof(scenarios) / sizeof(scenarios[0]) }

/* How a run hears from its owner. */
struct vs_run_control {
	int fd; /* readable when step() has something to do, or -1 */
	/* Between two requests: 0 to go on, -ECANCELED to stop. Also reports progress. */
	int (*step)(struct vs_run *run, void *data);
	/* Takes a checkpoint, see expect.h; -EMSGSIZE when it is too large. NULL: nobody wants them. */
	int (*checkpoint)(struct vs_run *run, Vascope__V1__Checkpoint *checkpoint, void *data);
	void *data;
};

/* The checkpoint being put together, see expect.h. */
struct vs_expect {
	const char *step;
	uint32_t pid; /* whose objects are being stated */
	Vascope__V1__ExpectedVm *vm;
	Vascope__V1__ExpectedBo *bo;
	Vascope__V1__ExpectedVa *va; /* of all VMs, in their order */
	size_t n_vms, n_bos, n_vas;
};

struct vs_run {
	const struct vs_scenario *scenario;
	const struct vs_runner_fds *fds;
	struct vs_run_control control;
	uint64_t param[VS_MAX_PARAMS]; /* in the order of scenario->params, within their limits */
	struct vs_rng rng;
	unsigned fence_timeout_ms;
	uint64_t issued[VS_N_ISSUED];
	uint64_t done; /* of total */
	uint64_t total; /* the first parameter */
	struct vs_expect expect;
	bool cleaning; /* giving back: waits are no longer cut short by a cancel */
	char note[200]; /* what is worth saying of a run that went well, "" for nothing */
	char text[512]; /* the first failure, "" when there is none */
};

/* Run run->scenario. What it returns is as above. */
int vs_run_scenario(struct vs_run *run);

extern const char *const vs_issued_names[VS_N_ISSUED];

/* Note why the run fails; the first reason stays. Returns err, which is -errno; its text is appended. */
int vs_run_fail(struct vs_run *run, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Between two requests. 0, or -ECANCELED. */
int vs_run_step(struct vs_run *run);

/* Wait until a time of CLOCK_MONOTONIC. 0, or -ECANCELED at once when cancelled. */
int vs_run_sleep_until(struct vs_run *run, uint64_t ns);

/*
 * Wait until fd is readable, at most timeout_ms. 0, -ECANCELED, or -ETIME (not noted as a failure).
 * While cleaning, a cancel does not end the wait.
 */
int vs_run_wait_fd(struct vs_run *run, int fd, unsigned timeout_ms);

/*
 * Wait for a sync_file and close it, whatever comes of it. what names its request for the failure text.
 * 0, -ECANCELED, or a noted failure: it did not signal in time, or it signalled an error.
 */
int vs_run_wait_fence(struct vs_run *run, int fence, const char *what);

#endif
