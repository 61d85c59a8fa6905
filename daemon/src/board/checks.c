/* SPDX-License-Identifier: MIT */
#include "board/checks.h"

#include <stdarg.h>

#include "util.h"

#define OK VASCOPE__V1__CHECK_STATE__CHECK_STATE_OK
#define LIMITED VASCOPE__V1__CHECK_STATE__CHECK_STATE_LIMITED
#define FAILED VASCOPE__V1__CHECK_STATE__CHECK_STATE_FAILED

__attribute__((format(printf, 6, 7))) static void vs_check(struct vs_checks *checks, const char *id, const char *title,
							    Vascope__V1__CheckState state, const char *remedy,
							    const char *detail, ...)
{
	struct vs_check *check = &checks->check[checks->n++];
	va_list args;

	check->id = id;
	check->title = title;
	check->state = state;
	snprintf(check->remedy, sizeof(check->remedy), "%s", state == OK ? "" : remedy);
	va_start(args, detail);
	vsnprintf(check->detail, sizeof(check->detail), detail, args);
	va_end(args);
}

static void vs_check_driver(struct vs_checks *checks, const struct vs_findings *f)
{
	const struct vs_node *node = vs_nodes_traced(f->nodes);

	if (!node)
		vs_check(checks, "driver.msm", "DRM driver", FAILED,
			 "Load the GPU's driver (modprobe msm) and look for its complaint in dmesg.",
			 "there is no DRM device on this board");
	else if (!f->msm->present)
		vs_check(checks, "driver.msm", "DRM driver", FAILED,
			 "Load msm, or use a board with an Adreno GPU: other drivers are not supported yet.",
			 "the DRM driver is %s, not msm", node->driver[0] ? node->driver : "unknown");
	else
		vs_check(checks, "driver.msm", "DRM driver", f->msm->error ? FAILED : OK,
			 "Look in dmesg why the GPU does not answer; msm needs its firmware to start it.",
			 f->msm->error ? "%s %s: the GPU cannot be asked: %s" : "%s %s, %s", node->driver, node->version,
			 f->msm->error ? strerror(-f->msm->error) : f->msm->gpu);
	if (!f->msm->present)
		return;
	if (f->msm->vm_bind)
		vs_check(checks, "driver.vm-bind", "VM_BIND", f->msm->sparse ? OK : LIMITED,
			 "Nothing can be done: this GPU has no PRR, so MAP_NULL is left out.",
			 f->msm->sparse ? "offered, with MAP_NULL" : "offered, without MAP_NULL");
	else
		vs_check(checks, "driver.vm-bind", "VM_BIND", FAILED,
			 "VM_BIND needs msm 1.13 (Linux 6.17) and a GPU with per-process page tables.",
			 "not offered: EN_VM_BIND answers %s", strerror(-f->msm->vm_bind_error));
}

static void vs_check_probes(struct vs_checks *checks, const struct vs_findings *f)
{
	const struct vs_tracer *tracer = f->tracer;
	const char *first = NULL;
	size_t attached = 0;

	for (size_t i = 0; i < tracer->n_results; i++) {
		if (tracer->results[i].state == VASCOPE__V1__PROBE_STATE__PROBE_STATE_ATTACHED)
			attached++;
		else if (!first && tracer->results[i].state != VASCOPE__V1__PROBE_STATE__PROBE_STATE_ALTERNATIVE)
			first = tracer->results[i].probe->symbol;
	}
	if (tracer->problem)
		vs_check(checks, "kernel.probes", "Attach points", FAILED,
			 f->root ? "The kernel needs CONFIG_BPF_SYSCALL, CONFIG_DEBUG_INFO_BTF_MODULES and "
				   "CONFIG_FUNCTION_TRACER, and no lockdown=confidentiality; the DRM driver must be loaded." :
				   "Let vascoped start as root, as the check Privilege says.",
			 "%s", tracer->problem);
	else
		vs_check(checks, "kernel.probes", "Attach points", first ? LIMITED : OK,
			 "See the list of probes: each says what is missing without it.",
			 first ? "%zu of %zu, first missing: %s" : "%zu of %zu attached", attached, tracer->n_results,
			 first);
}

static void vs_check_level(struct vs_checks *checks, const struct vs_findings *f)
{
	const struct vs_tracer *tracer = f->tracer;

	if (tracer->level_reason)
		vs_check(checks, "tracing.level", "Trace level", LIMITED,
			 "What the reason names is needed, and no --trace that asks for less.", "%s: %s",
			 vs_level_name(tracer->level), tracer->level_reason);
	else
		vs_check(checks, "tracing.level", "Trace level", tracer->problem ? FAILED : OK,
			 "See the check Attach points.", "%s", vs_level_name(tracer->level));
}

static void vs_check_kms(struct vs_checks *checks, const struct vs_findings *f)
{
	const struct vs_node *node = vs_nodes_scanout(f->nodes);

	if (!node || !node->card[0])
		return;
	if (node->card_fd < 0 && node->error)
		vs_check(checks, "kms", "KMS", LIMITED, "Start vascoped as root, or add the user to the group of the node.",
			 "%s cannot be opened: %s", node->card, strerror(-node->error));
	else if (!node->crtcs)
		vs_check(checks, "kms", "KMS", LIMITED, "Nothing to do unless the board has a display: scanout is left out.",
			 "%s has no CRTC", node->card);
	else if (!node->master)
		vs_check(checks, "kms", "KMS", LIMITED,
			 "Stop the compositor or display manager that is DRM master, or do without scanout scenarios.",
			 "%s has another DRM master; scanout of others is traced", node->card);
	else
		vs_check(checks, "kms", "KMS", OK, "", "%s, %u CRTC, %u planes, %zu connectors", node->card, node->crtcs,
			 node->planes, node->n_connectors);
}

void vs_render_remedy(char ret[VS_REMEDY_MAX], const struct vs_node *node)
{
	snprintf(ret, VS_REMEDY_MAX,
		 "As root on the board: chgrp render %s && chmod 660 %s, then connect again. For good, a udev rule: "
		 "SUBSYSTEM==\"drm\", KERNEL==\"renderD*\", GROUP=\"render\", MODE=\"0660\"",
		 node->render, node->render);
}

/* Said only where it fails: root, who probes the driver, may open everything. */
static void vs_check_render(struct vs_checks *checks, const struct vs_findings *f)
{
	const struct vs_node *node = vs_nodes_traced(f->nodes);
	char remedy[VS_REMEDY_MAX];

	if (!node || !node->render[0] || !f->render_error)
		return;
	vs_render_remedy(remedy, node);
	vs_check(checks, "render", "Render node", LIMITED, remedy,
		 "the scenario runner, which is not root, cannot open %s: %s; tracing works", node->render,
		 strerror(-f->render_error));
}

void vs_checks_make(struct vs_checks *checks, const struct vs_findings *f)
{
	*checks = (struct vs_checks){ 0 };
	vs_check(checks, "privilege", "Privilege", f->root ? OK : FAILED,
		 "Log in as root, or let this user start it by sudo without a password "
		 "(in sudoers: USER ALL=(root) NOPASSWD: ALL).",
		 f->root ? "root for the set-up, given up before the first command was read" : "started as uid %u, not root",
		 (unsigned int)getuid());
	vs_check(checks, "kernel.btf", "BTF", f->btf->vmlinux ? OK : vs_tracer_works(f->tracer) ? LIMITED : FAILED,
		 "Use a kernel with CONFIG_DEBUG_INFO_BTF and CONFIG_DEBUG_INFO_BTF_MODULES, as distributions build it.",
		 f->btf->vmlinux ? "the kernel describes its types" : "cannot be read: %s", strerror(-f->btf->error));
	vs_check_driver(checks, f);
	vs_check_level(checks, f);
	vs_check_probes(checks, f);
	if (f->msm->present)
		vs_check(checks, "debugfs", "Snapshots", vs_tracer_walks(f->tracer) ? OK : LIMITED,
			 "A kernel with CONFIG_DEBUG_FS is needed, and root; without it only what begins while tracing is known.",
			 !vs_tracer_walks(f->tracer)		    ? "not possible: %s" :
			 f->tracer->level == VS_LEVEL_KPROBES ? "of each BO the first VMs and mappings" :
			 f->tracer->level == VS_LEVEL_DEBUGFS ? "what msm prints in debugfs: no handles, and lengths at most" :
								"live state is read from the kernel's own lists",
			 f->walk_error ? strerror(-f->walk_error) : "the functions to watch are not attached");
	vs_check_kms(checks, f);
	vs_check_render(checks, f);
	vs_check(checks, "lock", "Alone", f->alone ? OK : LIMITED, "Close the other Vascope session on this board.",
		 f->alone ? "no other vascoped runs here" :
			    "another vascoped runs here: it costs speed, and only one can do scanout");
	vs_check(checks, "runner", "Scenario runner", f->runner ? OK : FAILED,
		 "Look for the reason in the board's log (fork or setresuid refused); tracing works without.",
		 f->runner ? "runs without privileges" : "could not be started");
}
