/* SPDX-License-Identifier: MIT */
/*
 * vascoped: traces drm_gpuvm on a board and runs scenarios there, for one desktop, over stdin and stdout.
 *
 * The order of steps is the security of the thing (docs/privileges.md): open and attach everything while
 * privileged, drop all privilege, and only then read the first byte of input.
 */
#include <errno.h>
#include <signal.h>

#include "board/capabilities.h"
#include "board/offer.h"
#include "config.h"
#include "daemon.h"
#include "priv/confine.h"
#include "priv/runner_process.h"
#include "scenario/needs.h"
#include "util.h"

/* What scenarios may use that only root can open, and what else libdrm does not tell. */
static void vs_offer_complete(const struct vs_nodes *nodes, struct vs_runner_fds *offer)
{
	const struct vs_node *node = vs_nodes_traced(nodes);

	if (node && !(offer->lacks & VS_NEEDS_SHRINK))
		offer->shrink = vs_msm_open_shrink(node->card_minor);
	if (offer->shrink < 0)
		offer->lacks |= VS_NEEDS_SHRINK;
	offer->vgem = vs_nodes_open_vgem();
	if (offer->vgem < 0)
		offer->lacks |= VS_NEEDS_VGEM;
}

static int vs_identity_make(struct vs_identity *identity, const struct vs_nodes *nodes)
{
	int r = vs_identity_find(identity);

	if (r) {
		fprintf(stderr, "vascoped: SUDO_UID or SUDO_GID is not a user's id. Start it by sudo itself.\n");
		return r;
	}
	for (size_t i = 0; i < nodes->n; i++) {
		vs_identity_add_group(identity, nodes->node[i].card_gid);
		vs_identity_add_group(identity, nodes->node[i].render_gid);
	}
	return 0;
}

static int vs_serve(struct vs_findings *findings, struct vs_tracer *tracer, struct vs_runner_process *runner,
		    const struct vs_identity *identity, const struct vs_flag_names *flags, struct vs_daemon *daemon)
{
	const struct vs_node *node = vs_nodes_traced(findings->nodes);
	struct vs_facts facts;
	struct vs_capabilities capabilities = { .facts = &facts, .flags = flags, .findings = findings };
	int r = vs_confine(identity);

	if (r) {
		fprintf(stderr, "vascoped: privileges cannot be given up: %s. Nothing was read.\n", strerror(-r));
		return r;
	}
	/* Asked here, as the runner's own identity: what root may open says nothing, and modes do not say all (ACLs). */
	if (node && node->render[0] && access(node->render, R_OK | W_OK))
		findings->render_error = -errno;
	vs_facts_read(&facts);
	vs_daemon_init(daemon, tracer, runner, &capabilities);
	if (tracer->buffers_kib)
		daemon->queue.limit = (size_t)tracer->buffers_kib << 10;
	r = vs_daemon_run(daemon);
	vs_daemon_destroy(daemon);
	return r;
}

static int vs_about(FILE *out, int status)
{
	fprintf(out, "vascoped " VS_VERSION " build " VS_BUILD_ID "\n"
		     "Started by Vascope over SSH; speaks its protocol on stdin and stdout.\n"
		     "Usage: vascoped --version | vascoped [--trace=auto|bpf|kprobes|debugfs|none] [--buffers=KIB]\n");
	return status;
}

/*
 * The kernel takes about 0.1 s to detach each program (synchronize_rcu_tasks), one after the other: ten seconds in which the
 * desktop would wait for nothing. So a child that has neither its connection nor the lock sees to it, and this process
 * ends at once. Where the child is killed, or there is none, the kernel does the same as the last process ends.
 */
static void vs_tracer_leave(struct vs_tracer *tracer, int lock, int walk)
{
	bool attached = tracer->level == VS_LEVEL_BPF && vs_tracer_works(tracer);
	/* Without privileges only, as the tracer itself. */
	pid_t parent = getpid(), child = attached && geteuid() ? fork() : -1;
	sigset_t all;

	if (child > 0)
		return;
	if (!child) {
		setsid();
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			close(fd);
		if (lock >= 0)
			close(lock);
		if (walk >= 0)
			close(walk);
		sigfillset(&all);
		sigprocmask(SIG_UNBLOCK, &all, NULL);
		/* Whoever closes a link last detaches it. A process has closed everything when its child gets another parent. */
		while (getppid() == parent)
			usleep(1000);
	}
	vs_tracer_destroy(tracer);
	if (!child)
		_exit(0);
}

int main(int argc, char **argv)
{
	_vs_close_ int lock = -1, walk = -1;
	struct vs_identity identity;
	struct vs_nodes nodes;
	struct vs_msm_facts msm = { 0 };
	struct vs_runner_fds fds;
	struct vs_runner_process runner;
	struct vs_flag_names flags;
	struct vs_tracer tracer;
	struct vs_daemon daemon;
	struct vs_btf btf;
	struct vs_findings findings = { .root = geteuid() == 0, .btf = &btf, .nodes = &nodes, .msm = &msm, .tracer = &tracer };
	struct vs_options options;
	const struct vs_node *node;
	int r;

	if (argc == 2 && !strcmp(argv[1], "--version"))
		return vs_about(stdout, 0);
	/* On the command line, because a Command would come too late: privileges are gone then, and all is attached. */
	if (!vs_options_parse(argc - 1, argv + 1, &options))
		return vs_about(stderr, 2);
	lock = vs_lock();
	findings.alone = lock >= 0;
	vs_nodes_find(&nodes);
	node = vs_nodes_traced(&nodes);
	if (node && !strcmp(node->driver, "msm"))
		vs_msm_facts_read(node->render, &msm);
	if (vs_identity_make(&identity, &nodes))
		return 1;

	/* Before the BPF programs, so that the runner shares none of their memory. */
	vs_offer_make(&nodes, &msm, &fds);
	vs_offer_complete(&nodes, &fds);
	findings.offer = &fds;
	r = vs_runner_process_start(&runner, &identity, &fds);
	findings.runner = !r;
	if (fds.shrink >= 0)
		close(fds.shrink);
	if (fds.vgem >= 0)
		close(fds.vgem);
	vs_nodes_close_cards(&nodes);

	walk = msm.present && node ? vs_msm_open_walk(node->card_minor) : -ENODEV;
	findings.walk_error = walk < 0 ? walk : 0;
	vs_btf_init(&btf);
	vs_tracer_setup(&tracer, &options, &btf, walk, vs_daemon_record, &daemon);
	vs_flag_names_read(&flags, &btf);

	r = vs_serve(&findings, &tracer, &runner, &identity, &flags, &daemon);

	vs_runner_process_stop(&runner);
	vs_tracer_leave(&tracer, lock, walk);
	vs_flag_names_destroy(&flags);
	vs_btf_destroy(&btf);
	return r ? 1 : 0;
}
