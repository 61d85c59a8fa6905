/* SPDX-License-Identifier: MIT */
/* The tables are explained in docs/kernel.md. */
#include "trace/probes.h"

#include "util.h"

#define PROBE(program_, symbol_, module_, how_, ...) \
	{ .program = program_, .symbol = symbol_, .module = module_, .how = how_, .kinds = { __VA_ARGS__ } }
#define ENTRY(program, symbol, module, ...) PROBE(program, symbol, module, VS_HOW_FENTRY, __VA_ARGS__)
#define EXIT(program, symbol, module, ...) PROBE(program, symbol, module, VS_HOW_FEXIT, __VA_ARGS__)
#define POINT(program, symbol, module, ...) PROBE(program, symbol, module, VS_HOW_TRACEPOINT, __VA_ARGS__)
/* The other end of a call that is measured, or that is a reason: it brings no event of its own. */
#define AIDS(program_, symbol_, module_, how_, ...) \
	{ .program = program_, .symbol = symbol_, .module = module_, .how = how_, .kinds = { __VA_ARGS__ }, \
	  .measures_only = true }
#define MEASURE(program, symbol, module, kind) AIDS(program, symbol, module, VS_HOW_FENTRY, kind)
#define LEAVE(program, symbol, module) AIDS(program, symbol, module, VS_HOW_FEXIT, VS_VA_REMOVE, VS_PTE_UNMAP)
/* Of a request to split and merge: where msm has VM_BIND, the end of the ioctl ends them all. */
#define LEAVE_UNLESS(program_, symbol_, module_, spared_by_) \
	{ .program = program_, .symbol = symbol_, .module = module_, .how = VS_HOW_FEXIT, \
	  .kinds = { VS_VA_REMOVE, VS_PTE_UNMAP }, .measures_only = true, .spared_by = spared_by_ }

static const struct vs_probe generic[] = {
	EXIT("vm_create", "drm_gpuvm_init", "drm_gpuvm", VS_VM_CREATE),
	ENTRY("vm_destroy", "drm_gpuvm_free", "drm_gpuvm", VS_VM_DESTROY),
	MEASURE("vm_bo_create_begin", "drm_gpuvm_bo_create", "drm_gpuvm", VS_VM_BO_CREATE),
	EXIT("vm_bo_create", "drm_gpuvm_bo_create", "drm_gpuvm", VS_VM_BO_CREATE),
	EXIT("vm_bo_obtain", "drm_gpuvm_bo_obtain_locked", "drm_gpuvm", VS_VM_BO_OBTAIN),
	EXIT("vm_bo_obtain_prealloc", "drm_gpuvm_bo_obtain_prealloc", "drm_gpuvm", VS_VM_BO_OBTAIN),
	ENTRY("vm_bo_defer", "drm_gpuvm_bo_into_zombie", "drm_gpuvm", VS_VM_BO_DEFER),
	ENTRY("vm_bo_evict", "drm_gpuvm_bo_evict", "drm_gpuvm", VS_VM_BO_EVICT),
	ENTRY("vm_bo_destroy", "drm_gpuvm_bo_destroy_not_in_lists", "drm_gpuvm", VS_VM_BO_DESTROY),
	{ .program = "vm_bo_destroy_kref", .symbol = "drm_gpuvm_bo_destroy", .module = "drm_gpuvm",
	  .how = VS_HOW_FENTRY, .kinds = { VS_VM_BO_DESTROY }, .stands_in_for = "vm_bo_destroy" },
	EXIT("va_insert", "drm_gpuva_insert", "drm_gpuvm", VS_VA_INSERT),
	ENTRY("va_remove", "drm_gpuva_remove", "drm_gpuvm", VS_VA_REMOVE),
	ENTRY("va_link", "drm_gpuva_link", "drm_gpuvm", VS_VA_LINK),
	ENTRY("va_unlink", "drm_gpuva_unlink", "drm_gpuvm", VS_VA_UNLINK),
	ENTRY("va_unlink_defer", "drm_gpuva_unlink_defer", "drm_gpuvm", VS_VA_UNLINK),
	ENTRY("sm_map", "drm_gpuvm_sm_map", "drm_gpuvm", VS_SM_MAP),
	LEAVE_UNLESS("sm_map_end", "drm_gpuvm_sm_map", "drm_gpuvm", "msm_ioctl_vm_bind"),
	ENTRY("sm_unmap", "drm_gpuvm_sm_unmap", "drm_gpuvm", VS_SM_UNMAP),
	LEAVE_UNLESS("sm_unmap_end", "drm_gpuvm_sm_unmap", "drm_gpuvm", "msm_ioctl_vm_bind"),
	EXIT("bo_create", "drm_gem_private_object_init", "drm", VS_BO_CREATE),
	ENTRY("bo_destroy", "drm_gem_object_free", "drm", VS_BO_DESTROY),
	EXIT("handle_open", "drm_gem_handle_create_tail", "drm", VS_HANDLE_OPEN),
	ENTRY("handle_close", "drm_gem_object_release_handle", "drm", VS_HANDLE_CLOSE),
	AIDS("file_free", "drm_file_free", "drm", VS_HOW_FENTRY, VS_HANDLE_OPEN, VS_HANDLE_CLOSE),
	EXIT("pages_get", "drm_gem_get_pages", "drm", VS_PAGES_GET),
	ENTRY("pages_put", "drm_gem_put_pages", "drm", VS_PAGES_PUT),
	EXIT("bo_export", "drm_gem_dmabuf_export", "drm", VS_EXPORT),
	EXIT("bo_export_prime", "drm_gem_prime_export", "drm", VS_EXPORT),
	ENTRY("bo_export_end", "drm_gem_dmabuf_release", "drm", VS_EXPORT_END),
	EXIT("bo_import", "drm_gem_prime_fd_to_handle", "drm", VS_IMPORT),
	POINT("job_queue", "drm_sched_job_queue", "gpu_sched", VS_JOB_QUEUE),
	POINT("job_run", "drm_sched_job_run", "gpu_sched", VS_JOB_RUN),
	POINT("job_done", "drm_sched_job_done", "gpu_sched", VS_JOB_DONE),
	EXIT("fb_create", "drm_framebuffer_init", "drm", VS_FB_CREATE, VS_FB_PLANE),
	ENTRY("fb_destroy", "drm_framebuffer_free", "drm", VS_FB_DESTROY),
	ENTRY("flip_done", "drm_crtc_send_vblank_event", "drm", VS_FLIP_DONE),
	POINT("vblank", "drm_vblank_event", "drm", VS_VBLANK),
	POINT("vblank_sent", "drm_vblank_event_delivered", "drm", VS_VBLANK_SENT),
};

static const struct vs_probe msm[] = {
	EXIT("msm_vm_mode", "msm_gem_vm_create", "msm", VS_VM_MODE),
	EXIT("msm_vm_file", "msm_context_vm", "msm", VS_VM_FILE),
	AIDS("msm_file_end", "msm_postclose", "msm", VS_HOW_FENTRY, VS_VM_FILE),
	ENTRY("msm_vm_close", "msm_gem_vm_close", "msm", VS_VM_CLOSE),
	EXIT("msm_vm_close_end", "msm_gem_vm_close", "msm", VS_VM_CLOSE_END),
	ENTRY("msm_vm_unusable", "msm_gem_vm_unusable", "msm", VS_VM_UNUSABLE),
	MEASURE("msm_vm_bind_begin", "msm_ioctl_vm_bind", "msm", VS_VM_BIND),
	EXIT("msm_vm_bind", "msm_ioctl_vm_bind", "msm", VS_VM_BIND, VS_THROTTLE),
	ENTRY("msm_sm_remap", "msm_gem_vm_sm_step_remap", "msm", VS_SM_REMAP),
	LEAVE("msm_sm_remap_end", "msm_gem_vm_sm_step_remap", "msm"),
	EXIT("msm_sm_keep", "msm_gem_vm_sm_step_unmap", "msm", VS_SM_KEEP),
	EXIT("msm_vm_bo_validate", "msm_gem_vm_bo_validate", "msm", VS_VM_BO_VALIDATE),
	EXIT("msm_pte_map", "vm_map_op", "msm", VS_PTE_MAP),
	ENTRY("msm_pte_unmap", "vm_log", "msm", VS_PTE_UNMAP),
	/* Not what VM_BIND's jobs unmap. */
	{ .program = "msm_pte_unmap_vma", .symbol = "msm_gem_vma_unmap", .module = "msm", .how = VS_HOW_FENTRY,
	  .kinds = { VS_PTE_UNMAP }, .stands_in_for = "msm_pte_unmap" },
	MEASURE("msm_vm_bind_run_begin", "msm_vma_job_run", "msm", VS_VM_BIND_RUN),
	EXIT("msm_vm_bind_run", "msm_vma_job_run", "msm", VS_VM_BIND_RUN),
	ENTRY("msm_vm_bind_free", "msm_vma_job_free", "msm", VS_VM_BIND_FREE),
	POINT("msm_prealloc_cleanup", "msm_mmu_prealloc_cleanup", "msm", VS_PREALLOC_CLEANUP),
	ENTRY("msm_bo_evict", "msm_gem_evict", "msm", VS_BO_EVICT),
	LEAVE("msm_bo_evict_end", "msm_gem_evict", "msm"),
	ENTRY("msm_bo_purge", "msm_gem_purge", "msm", VS_BO_PURGE),
	LEAVE("msm_bo_purge_end", "msm_gem_purge", "msm"),
	AIDS("msm_bo_free", "msm_gem_free_object", "msm", VS_HOW_FENTRY, VS_VA_REMOVE, VS_PTE_UNMAP),
	LEAVE("msm_bo_free_end", "msm_gem_free_object", "msm"),
	EXIT("msm_bo_madvise", "msm_gem_madvise", "msm", VS_BO_MADVISE),
	EXIT("msm_pin", "msm_gem_pin_obj_locked", "msm", VS_PIN),
	EXIT("msm_pin_pages", "msm_gem_pin_pages_locked", "msm", VS_PIN),
	EXIT("msm_pin_iova", "msm_gem_get_and_pin_iova_range", "msm", VS_PIN),
	EXIT("msm_pin_vaddr", "msm_gem_get_vaddr", "msm", VS_PIN),
	EXIT("msm_pin_vaddr_locked", "msm_gem_get_vaddr_locked", "msm", VS_PIN),
	EXIT("msm_pin_vaddr_active", "msm_gem_get_vaddr_active", "msm", VS_PIN),
	EXIT("msm_unpin", "msm_gem_unpin_locked", "msm", VS_UNPIN),
	EXIT("msm_unpin_active", "msm_gem_unpin_active", "msm", VS_UNPIN),
	EXIT("msm_vma_get", "msm_gem_vma_get", "msm", VS_VMA_REF),
	ENTRY("msm_vma_put", "msm_gem_vma_put", "msm", VS_VMA_REF),
	LEAVE("msm_vma_put_end", "msm_gem_vma_put", "msm"),
	MEASURE("msm_handle_close", "msm_gem_close", "msm", VS_HANDLE_CLOSED),
	EXIT("msm_handle_closed", "msm_gem_close", "msm", VS_HANDLE_CLOSED),
	POINT("msm_shrink", "msm_gem_shrink", "msm", VS_SHRINK),
	POINT("msm_purge_vmaps", "msm_gem_purge_vmaps", "msm", VS_PURGE_VMAPS),
	POINT("msm_submit", "msm_gpu_submit", "msm", VS_SUBMIT),
	POINT("msm_submit_flush", "msm_gpu_submit_flush", "msm", VS_SUBMIT_FLUSH),
	POINT("msm_submit_retire", "msm_gpu_submit_retired", "msm", VS_SUBMIT_RETIRE),
	ENTRY("msm_gpu_fault", "msm_gpu_fault_handler", "msm", VS_GPU_FAULT),
	MEASURE("msm_fb_prepare_begin", "msm_framebuffer_prepare", "msm", VS_FB_PREPARE),
	EXIT("msm_fb_prepare", "msm_framebuffer_prepare", "msm", VS_FB_PREPARE),
	MEASURE("msm_fb_cleanup_begin", "msm_framebuffer_cleanup", "msm", VS_FB_CLEANUP),
	EXIT("msm_fb_cleanup", "msm_framebuffer_cleanup", "msm", VS_FB_CLEANUP),
	POINT("msm_commit_begin", "msm_atomic_commit_tail_start", "msm", VS_COMMIT_BEGIN),
	POINT("msm_commit_end", "msm_atomic_commit_tail_finish", "msm", VS_COMMIT_END),
	AIDS("msm_commit_wait_begin", "msm_atomic_wait_flush_start", "msm", VS_HOW_TRACEPOINT, VS_COMMIT_WAIT),
	POINT("msm_commit_wait", "msm_atomic_wait_flush_finish", "msm", VS_COMMIT_WAIT),
	PROBE("msm_bo_name_begin", "msm_gem_object_set_name", "msm", VS_HOW_KPROBE, VS_BO_NAME),
	PROBE("msm_bo_name", "msm_gem_object_set_name", "msm", VS_HOW_KRETPROBE, VS_BO_NAME),
	ENTRY("msm_walk_begin", "msm_gem_describe_objects", "msm", 0),
	ENTRY("msm_walk_bo", "msm_gem_describe", "msm", 0),
	EXIT("msm_walk_end", "msm_gem_describe_objects", "msm", 0),
};

const struct vs_probe_table vs_probes_generic = { generic, VS_ARRAY_SIZE(generic) };
const struct vs_probe_table vs_probes_msm = { msm, VS_ARRAY_SIZE(msm) };

const char *vs_how_name(enum vs_how how)
{
	static const char *const names[] = {
		[VS_HOW_FENTRY] = "fentry",	  [VS_HOW_FEXIT] = "fexit",	      [VS_HOW_KPROBE] = "kprobe",
		[VS_HOW_KRETPROBE] = "kretprobe", [VS_HOW_TRACEPOINT] = "tracepoint",
	};

	return names[how];
}

static bool vs_probe_exists(struct vs_btf *btf, const struct vs_probe *probe)
{
	int fd;

	if (probe->how == VS_HOW_TRACEPOINT)
		return vs_btf_tracepoint(btf, probe->module, probe->symbol, &fd) >= 0;
	return vs_btf_function(btf, probe->module, probe->symbol, &fd) >= 0 &&
	       vs_btf_has_symbol(btf, probe->module, probe->symbol);
}

static char *vs_absence_reason(struct vs_btf *btf, const struct vs_probe *probe)
{
	if (!btf->vmlinux)
		return vs_xprintf("this kernel has no readable BTF (%s)", strerror(-btf->error));
	if (!vs_btf_has_module(btf, probe->module))
		return vs_xprintf("neither the kernel nor a loaded module %s has it in BTF", probe->module);
	return vs_xprintf("not in this kernel's %s, or inlined by its compiler", probe->module);
}

static struct vs_probe_result *vs_result_of(struct vs_probe_result *results, size_t n, const char *program)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(results[i].probe->program, program))
			return &results[i];
	return NULL;
}

/* Several may stand in for one, each for a part of it. */
static void vs_probe_replaced(struct vs_probe_result *primary, const char *symbol)
{
	_vs_free_ char *before = primary->reason;

	primary->reason = primary->state == VASCOPE__V1__PROBE_STATE__PROBE_STATE_ALTERNATIVE ?
				  vs_xprintf("%s, %s", symbol, before) :
				  vs_xprintf("%s stands in", symbol);
	primary->state = VASCOPE__V1__PROBE_STATE__PROBE_STATE_ALTERNATIVE;
}

/* Enters one probe into the plan; false leaves it out. */
static bool vs_probe_plan(struct vs_btf *btf, const struct vs_probe *probe, struct vs_probe_result *results, size_t n)
{
	struct vs_probe_result *primary = probe->stands_in_for ? vs_result_of(results, n, probe->stands_in_for) : NULL;
	bool exists = vs_probe_exists(btf, probe);
	int fd;

	if (probe->spared_by && vs_btf_function(btf, "msm", probe->spared_by, &fd) >= 0)
		return false;
	if (probe->stands_in_for && (!exists || !primary || primary->wanted))
		return false;
	results[n] = (struct vs_probe_result){
		.probe = probe,
		.wanted = exists,
		.state = exists ? VASCOPE__V1__PROBE_STATE__PROBE_STATE_ATTACHED :
				  VASCOPE__V1__PROBE_STATE__PROBE_STATE_ABSENT,
		.reason = exists ? NULL : vs_absence_reason(btf, probe),
	};
	if (primary)
		vs_probe_replaced(primary, probe->symbol);
	return true;
}

size_t vs_probes_plan(struct vs_btf *btf, const struct vs_probe_table *const *tables, size_t n_tables,
		      struct vs_probe_result **ret)
{
	struct vs_probe_result *results;
	size_t n = 0, room = 0;

	for (size_t t = 0; t < n_tables; t++)
		room += tables[t]->n;
	results = vs_xcalloc(room, sizeof(*results));
	for (size_t t = 0; t < n_tables; t++)
		for (size_t i = 0; i < tables[t]->n; i++)
			n += vs_probe_plan(btf, &tables[t]->probes[i], results, n);
	*ret = results;
	return n;
}

void vs_probes_free(struct vs_probe_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(results[i].reason);
	free(results);
}
