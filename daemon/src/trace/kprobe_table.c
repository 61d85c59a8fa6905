/* SPDX-License-Identifier: MIT */
/*
 * The same facts as the BPF programs in bpf/, which say why each symbol is the one. Left out, because one fetch per value
 * cannot say it: vm-file (a search through the open files) and vm-bind-free (the length of a list). Also left out: what msm
 * does not call (drm_gpuvm_bo_obtain_prealloc, and drm_gem_prime_export, which makes a dma-buf for drivers without an export
 * of their own), and what stands in where a function was inlined.
 */
#include "trace/kprobe_table.h"

#include "util.h"

#define PROBE(name, symbol_, module_, how_, kind) \
	.probe = { .program = name, .symbol = symbol_, .module = module_, .how = how_, .kinds = { kind } }
#define ENTRY(name, symbol, module, kind) PROBE(name, symbol, module, VS_HOW_KPROBE, kind)
#define EXIT(name, symbol, module, kind) PROBE(name, symbol, module, VS_HOW_KRETPROBE, kind)
#define POINT(name, symbol, module, kind) PROBE(name, symbol, module, VS_HOW_TRACEPOINT, kind)
#define GPUVM "drm_gpuvm"
#define SCHED "gpu_sched"

/* Filters. */
#define SUCCEEDED .guard = "$ret#4", .filter = "g == 0"
#define NOT_NULL "g != 0"
#define POINTER .guard = "$ret", .filter = "g != 0 && g < 18446744073709547520" /* nor one of the last 4095: ERR_PTR */

/* Often used. */
#define REFCOUNT ":drm_gem_object.refcount.refcount.refs.counter"
#define MSM_BO "<msm_gem_object.base:msm_gem_object."
#define MSM_VM "<msm_gem_vm.base:msm_gem_vm."

#define FILE_VM .guard = "$3:drm_file.driver_priv:msm_context.vm"

/* What a remap takes away, as drm_gpuva_op_remap_to_unmap_range(): value 2 to 7 are prev, its end, next, its start. */
static bool vs_finish_remap(uint64_t *value, uint64_t guard)
{
	uint64_t start = value[2], end = value[2] + value[3];

	if (value[4])
		start = value[5];
	if (value[6])
		end = value[7];
	value[2] = start;
	value[3] = end - start;
	return true;
}

/* One that was found has a reference by who made it, too; value 3 is the count. */
static bool vs_finish_obtain(uint64_t *value, uint64_t guard)
{
	return value[3] >= 2;
}

/* A framebuffer may have no BO; then there was nothing to read its size from. */
static bool vs_finish_fb(uint64_t *value, uint64_t guard)
{
	if (!value[1])
		value[2] = 0;
	return true;
}

/* Where no call is known that it happens in: the word that the driver logs, vs_op_reason() in bpf/msm_pte.bpf.h. */
static bool vs_finish_unmap(uint64_t *value, uint64_t guard)
{
	static const struct {
		char first;
		enum vs_reason reason;
	} words[] = {
		{ 'u', VS_REASON_UNMAP }, { 'c', VS_REASON_CLOSE }, { 'v', VS_REASON_VMA_PUT },
		{ 'p', VS_REASON_PURGE }, { 'e', VS_REASON_EVICT }, { 'f', VS_REASON_FREE },
	};

	for (size_t i = 0; i < VS_ARRAY_SIZE(words) && !value[4]; i++)
		if ((char)guard == words[i].first)
			value[4] = words[i].reason;
	return true;
}

/*
 * The walk: lists are followed a fixed number of steps, since a fetch has no loop. Behind the last entry comes the list's
 * own head, and then the first again; so the values behind those of the record are node and head of the BO's list (8, 9), and
 * the head of the vm_bo's list and whether the mapping is mapped (10, 11). What was told before is told once (kprobe_decode.c).
 */
#define NEXT ":list_head.next"
#define VM_BO_LIST "$1>drm_gem_object.gpuva.list"
#define VM_BO_NODE(steps) "$1:drm_gem_object.gpuva.list.next" steps
#define VM_BO(steps) VM_BO_NODE(steps) "<drm_gpuvm_bo.list.entry.gem"
#define VM(steps) VM_BO(steps) ":drm_gpuvm_bo.vm"
#define VA_NODE(vm_bo, steps) VM_BO(vm_bo) ":drm_gpuvm_bo.list.gpuva.next" steps
#define VA(vm_bo, steps) VA_NODE(vm_bo, steps) "<drm_gpuva.gem.entry"

#define WALK_VM_BO(name, steps) \
	{ ENTRY(name, "msm_gem_describe", "msm", VS_WALK_VM_BO), .finish = vs_finish_walk_vm_bo, \
	  .value = { VM_BO(steps), VM(steps), "$1", VM_BO(steps) ":drm_gpuvm_bo.evicted", "=0", "=0", "=0", "=0", \
		     VM_BO_NODE(steps), VM_BO_LIST } }
#define WALK_VM(name, steps) \
	{ ENTRY(name, "msm_gem_describe", "msm", VS_WALK_VM), .finish = vs_finish_walk_vm, .text = VM(steps) ":drm_gpuvm.name", \
	  .guard = VM(steps) MSM_VM "managed", \
	  .value = { VM(steps), VM(steps) ":drm_gpuvm.flags", VM(steps) MSM_VM "unusable", VM(steps) ":drm_gpuvm.mm_start", \
		     VM(steps) ":drm_gpuvm.mm_range", VM(steps) ":drm_gpuvm.kref.refcount.refs.counter", "=0", "=0", \
		     VM_BO_NODE(steps), VM_BO_LIST } }
/* The guard is the node of the mapping; a vm_bo's list is told from its end by its own head. */
#define WALK_VA(name, vm_bo, steps) \
	{ ENTRY(name, "msm_gem_describe", "msm", VS_WALK_VA), .finish = vs_finish_walk_va, \
	  .guard = VA_NODE(vm_bo, steps), \
	  .value = { VA(vm_bo, steps), VM(vm_bo), VM_BO(vm_bo), "$1", VA(vm_bo, steps) ":drm_gpuva.va.addr", \
		     VA(vm_bo, steps) ":drm_gpuva.va.range", VA(vm_bo, steps) ":drm_gpuva.gem.offset", \
		     VA(vm_bo, steps) ":drm_gpuva.flags", VM_BO_NODE(vm_bo), VM_BO_LIST, \
		     VM_BO(vm_bo) ">drm_gpuvm_bo.list.gpuva", \
		     VA(vm_bo, steps) "<msm_gem_vma.base:msm_gem_vma.mapped" } }

static bool vs_finish_walk_bo(uint64_t *value, uint64_t guard)
{
	value[7] = (value[7] & VS_BO_MADV) | (guard ? VS_BO_RESIDENT_BIT : 0);
	return true;
}

static bool vs_finish_walk_vm_bo(uint64_t *value, uint64_t guard)
{
	return value[8] != value[9];
}

static bool vs_finish_walk_vm(uint64_t *value, uint64_t guard)
{
	value[2] = (value[2] ? VS_VM_UNUSABLE_BIT : 0) |
		   (guard ? VASCOPE__V1__VM_MODE__VM_MODE_KERNEL_MANAGED : VASCOPE__V1__VM_MODE__VM_MODE_USER_MANAGED);
	return value[8] != value[9];
}

static bool vs_finish_walk_va(uint64_t *value, uint64_t guard)
{
	value[7] |= value[11] ? VS_VA_MAPPED_BIT : 0;
	return value[8] != value[9] && guard != value[10];
}

const struct vs_kprobe_spec vs_kprobe_specs[] = {
	/* drm_gpuvm */
	{ EXIT("vm_create", "drm_gpuvm_init", GPUVM, VS_VM_CREATE),
	  .value = { "$1", "$1:drm_gpuvm.flags", "$1:drm_gpuvm.mm_start", "$1:drm_gpuvm.mm_range" },
	  .text = "$1:drm_gpuvm.name" },
	{ ENTRY("vm_destroy", "drm_gpuvm_free", GPUVM, VS_VM_DESTROY), .value = { "$1<drm_gpuvm.kref" } },
	{ ENTRY("vm_bo_create_begin", "drm_gpuvm_bo_create", GPUVM, 0), .value = { "$2" REFCOUNT },
	  .begins = VS_KPROBE_VM_BO_CREATE },
	{ EXIT("vm_bo_create", "drm_gpuvm_bo_create", GPUVM, VS_VM_BO_CREATE), POINTER,
	  .value = { "$1", "$ret", "$2", "$2" REFCOUNT, "=begin" }, .ends = VS_KPROBE_VM_BO_CREATE },
	{ ENTRY("vm_bo_destroy", "drm_gpuvm_bo_destroy_not_in_lists", GPUVM, VS_VM_BO_DESTROY),
	  .value = { "$1:drm_gpuvm_bo.vm", "$1", "$1:drm_gpuvm_bo.obj", "$1:drm_gpuvm_bo.obj" REFCOUNT } },
	{ EXIT("vm_bo_obtain", "drm_gpuvm_bo_obtain_locked", GPUVM, VS_VM_BO_OBTAIN), POINTER,
	  .value = { "$1", "$ret", "$2", "$ret:drm_gpuvm_bo.kref.refcount.refs.counter" }, .finish = vs_finish_obtain },
	{ ENTRY("vm_bo_defer", "drm_gpuvm_bo_into_zombie", GPUVM, VS_VM_BO_DEFER), .value = { "$1<drm_gpuvm_bo.kref" } },
	{ ENTRY("vm_bo_evict", "drm_gpuvm_bo_evict", GPUVM, VS_VM_BO_EVICT), .value = { "$1", "$2#1" } },
	{ EXIT("va_insert", "drm_gpuva_insert", GPUVM, VS_VA_INSERT), SUCCEEDED,
	  .value = { "$1", "$2", "$2:drm_gpuva.gem.obj", "$2:drm_gpuva.va.addr", "$2:drm_gpuva.va.range",
		     "$2:drm_gpuva.gem.offset", "$2:drm_gpuva.flags" } },
	{ ENTRY("va_remove", "drm_gpuva_remove", GPUVM, VS_VA_REMOVE), .value = { "$1:drm_gpuva.vm", "$1", "=reason" } },
	{ ENTRY("va_link", "drm_gpuva_link", GPUVM, VS_VA_LINK), .guard = "$1:drm_gpuva.gem.obj", .filter = NOT_NULL,
	  .value = { "$1", "$2" } },
	{ ENTRY("va_unlink", "drm_gpuva_unlink", GPUVM, VS_VA_UNLINK), .guard = "$1:drm_gpuva.gem.obj",
	  .filter = NOT_NULL, .value = { "$1", "$1:drm_gpuva.vm_bo" } },
	{ ENTRY("va_unlink_defer", "drm_gpuva_unlink_defer", GPUVM, VS_VA_UNLINK), .guard = "$1:drm_gpuva.gem.obj",
	  .filter = NOT_NULL, .value = { "$1", "$1:drm_gpuva.vm_bo" } },
	{ ENTRY("sm_map", "drm_gpuvm_sm_map", GPUVM, VS_SM_MAP), .push = VS_REASON_REPLACE, .device = "$1:drm_gpuvm.drm",
	  .value = { "$1", "$3:drm_gpuvm_map_req.map.gem.obj", "$3:drm_gpuvm_map_req.map.va.addr",
		     "$3:drm_gpuvm_map_req.map.va.range", "$3:drm_gpuvm_map_req.map.gem.offset",
		     "msm $2:op_arg.flags" } },
	{ EXIT("sm_map_end", "drm_gpuvm_sm_map", GPUVM, 0), .pop = VS_REASON_REPLACE },
	{ ENTRY("sm_unmap", "drm_gpuvm_sm_unmap", GPUVM, VS_SM_UNMAP), .push = VS_REASON_UNMAP, .value = { "$1", "$3", "$4" } },
	{ EXIT("sm_unmap_end", "drm_gpuvm_sm_unmap", GPUVM, 0), .pop = VS_REASON_UNMAP },

	/* GEM, dma-buf */
	{ EXIT("bo_create", "drm_gem_private_object_init", "drm", VS_BO_CREATE), .guard = "$3", .filter = NOT_NULL,
	  .device = "$1", .value = { "$2", "$3", "msm $2<msm_gem_object.base:msm_gem_object.flags" } },
	{ ENTRY("bo_destroy", "drm_gem_object_free", "drm", VS_BO_DESTROY),
	  .guard = "$1<drm_gem_object.refcount:drm_gem_object.size", .filter = NOT_NULL,
	  .value = { "$1<drm_gem_object.refcount" } },
	{ EXIT("handle_open", "drm_gem_handle_create_tail", "drm", VS_HANDLE_OPEN), SUCCEEDED,
	  .value = { "$1", "$2", "$3@4", "$2" REFCOUNT } },
	{ ENTRY("handle_close", "drm_gem_object_release_handle", "drm", VS_HANDLE_CLOSE),
	  .value = { "$3", "$2", "$1#4", "$2" REFCOUNT } },
	{ ENTRY("file_free", "drm_file_free", "drm", VS_FILE_FREE), .guard = "$1", .filter = NOT_NULL, .value = { "$1" } },
	{ EXIT("pages_get", "drm_gem_get_pages", "drm", VS_PAGES_GET), POINTER, .value = { "$1" } },
	{ ENTRY("pages_put", "drm_gem_put_pages", "drm", VS_PAGES_PUT), .value = { "$1" } },
	{ EXIT("bo_export", "drm_gem_dmabuf_export", "drm", VS_EXPORT), POINTER, .value = { "$2:dma_buf_export_info.priv" } },
	{ ENTRY("bo_export_end", "drm_gem_dmabuf_release", "drm", VS_EXPORT_END), .value = { "$1:dma_buf.priv" } },
	{ EXIT("bo_import", "drm_gem_prime_fd_to_handle", "drm", VS_IMPORT), .value = { "$2", "$4@4", "- $ret#4" } },

	/* scheduler */
	{ POINT("job_queue", "drm_sched_job_queue", SCHED, VS_JOB_QUEUE), .value = { "$1:drm_sched_job.s_fence" },
	  .text = "$1:drm_sched_job.sched:drm_gpu_scheduler.name" },
	{ POINT("job_run", "drm_sched_job_run", SCHED, VS_JOB_RUN), .value = { "$1:drm_sched_job.s_fence" },
	  .text = "$1:drm_sched_job.sched:drm_gpu_scheduler.name" },
	{ POINT("job_done", "drm_sched_job_done", SCHED, VS_JOB_DONE), .value = { "$1" } },

	/* display */
	{ EXIT("fb_create", "drm_framebuffer_init", "drm", VS_FB_CREATE), SUCCEEDED,
	  .value = { "$2:drm_framebuffer.base.id", "$2:drm_framebuffer.obj", "$2:drm_framebuffer.obj:drm_gem_object.size" },
	  .finish = vs_finish_fb },
	{ EXIT("fb_plane1", "drm_framebuffer_init", "drm", VS_FB_PLANE), .guard = "$2+8:drm_framebuffer.obj",
	  .filter = NOT_NULL, .value = { "$2:drm_framebuffer.base.id", "$2+8:drm_framebuffer.obj", "=1" } },
	{ EXIT("fb_plane2", "drm_framebuffer_init", "drm", VS_FB_PLANE), .guard = "$2+16:drm_framebuffer.obj",
	  .filter = NOT_NULL, .value = { "$2:drm_framebuffer.base.id", "$2+16:drm_framebuffer.obj", "=2" } },
	{ EXIT("fb_plane3", "drm_framebuffer_init", "drm", VS_FB_PLANE), .guard = "$2+24:drm_framebuffer.obj",
	  .filter = NOT_NULL, .value = { "$2:drm_framebuffer.base.id", "$2+24:drm_framebuffer.obj", "=3" } },
	{ ENTRY("fb_destroy", "drm_framebuffer_free", "drm", VS_FB_DESTROY),
	  .value = { "$1<drm_framebuffer.base.refcount:drm_framebuffer.base.id" } },
	/* The sequence is in an array, by an index that a fetch cannot use. */
	{ ENTRY("flip_done", "drm_crtc_send_vblank_event", "drm", VS_FLIP_DONE), .value = { "~ $1:drm_crtc.index", "=0" } },
	{ POINT("vblank", "drm_vblank_event", "drm", VS_VBLANK), .value = { "~ $1#4", "$2#4" } },
	{ POINT("vblank_sent", "drm_vblank_event_delivered", "drm", VS_VBLANK_SENT), .guard = "$1", .filter = NOT_NULL,
	  .value = { "~ $2#4", "$3#4" } },

	/* msm: VMs and VM_BIND */
	{ EXIT("msm_vm_mode", "msm_gem_vm_create", "msm", VS_VM_MODE), POINTER, .value = { "$ret", "mode $6#1" } },
	{ ENTRY("msm_vm_close", "msm_gem_vm_close", "msm", VS_VM_CLOSE), .push = VS_REASON_VM_CLOSE, .value = { "$1" } },
	{ EXIT("msm_vm_close_end", "msm_gem_vm_close", "msm", VS_VM_CLOSE_END), .pop = VS_REASON_VM_CLOSE, .value = { "$1" } },
	{ ENTRY("msm_vm_unusable", "msm_gem_vm_unusable", "msm", VS_VM_UNUSABLE), .value = { "$1" } },
	{ EXIT("msm_pte_map", "vm_map_op", "msm", VS_PTE_MAP),
	  .value = { "$1>msm_gem_vm.base", "$2:msm_vm_map_op.iova", "$2:msm_vm_map_op.range", "$2:msm_vm_map_op.queue_id",
		     "- $ret#4" } },
	{ ENTRY("msm_pte_unmap", "vm_log", "msm", VS_PTE_UNMAP), .guard = "$2@1", .filter = "g != 109",
	  .value = { "$1>msm_gem_vm.base", "$3", "$4", "$5#4", "=reason" }, .finish = vs_finish_unmap },
	{ ENTRY("msm_vm_bind_begin", "msm_ioctl_vm_bind", "msm", 0), .begins = VS_KPROBE_VM_BIND },
	{ EXIT("msm_vm_bind", "msm_ioctl_vm_bind", "msm", VS_VM_BIND), .ends = VS_KPROBE_VM_BIND,
	  .value = { "$2:drm_msm_vm_bind.queue_id", "$2:drm_msm_vm_bind.nr_ops", "$2:drm_msm_vm_bind.flags", "- $ret#4",
		     "=duration" } },
	/* Where its file is at hand, before a VM_BIND VM is used and after a kernel-managed one was. BPF searches at msm_context_vm(). */
	{ EXIT("msm_vm_file", "msm_ioctl_submitqueue_new", "msm", VS_VM_FILE), .changes = true, FILE_VM, .filter = NOT_NULL,
	  .value = { "$3:drm_file.driver_priv:msm_context.vm", "$3" } },
	{ EXIT("msm_vm_file_submit", "msm_ioctl_gem_submit", "msm", VS_VM_FILE), .changes = true, FILE_VM, .filter = NOT_NULL,
	  .value = { "$3:drm_file.driver_priv:msm_context.vm", "$3" } },
	{ EXIT("msm_throttle", "msm_ioctl_vm_bind", "msm", VS_THROTTLE), .changes = true,
	  .guard = "$3:drm_file.driver_priv:msm_context.vm", .filter = NOT_NULL,
	  .value = { "$3:drm_file.driver_priv:msm_context.vm",
		     "$3:drm_file.driver_priv:msm_context.vm" MSM_VM "prealloc_throttle.in_flight.counter" } },
	{ ENTRY("msm_vm_bind_run_begin", "msm_vma_job_run", "msm", 0), .begins = VS_KPROBE_VM_BIND_RUN },
	{ EXIT("msm_vm_bind_run", "msm_vma_job_run", "msm", VS_VM_BIND_RUN), .ends = VS_KPROBE_VM_BIND_RUN,
	  .value = { "$1:drm_sched_job.s_fence", "$1<msm_vm_bind_job.base:msm_vm_bind_job.vm",
		     "bad $1<msm_vm_bind_job.base:msm_vm_bind_job.vm" MSM_VM "unusable", "=duration" } },
	{ POINT("msm_prealloc_cleanup", "msm_mmu_prealloc_cleanup", "msm", VS_PREALLOC_CLEANUP), .value = { "$2#4" } },
	{ ENTRY("msm_sm_remap", "msm_gem_vm_sm_step_remap", "msm", VS_SM_REMAP), .push = VS_REASON_REMAP,
	  .value = { "$1:drm_gpuva_op.remap.unmap:drm_gpuva_op_unmap.va:drm_gpuva.vm",
		     "$1:drm_gpuva_op.remap.unmap:drm_gpuva_op_unmap.va",
		     "$1:drm_gpuva_op.remap.unmap:drm_gpuva_op_unmap.va:drm_gpuva.va.addr",
		     "$1:drm_gpuva_op.remap.unmap:drm_gpuva_op_unmap.va:drm_gpuva.va.range",
		     "$1:drm_gpuva_op.remap.prev", "$1:drm_gpuva_op.remap.prev:drm_gpuva_op_map.va.addr",
		     "$1:drm_gpuva_op.remap.next", "$1:drm_gpuva_op.remap.next:drm_gpuva_op_map.va.addr" },
	  .finish = vs_finish_remap },
	{ EXIT("msm_sm_remap_end", "msm_gem_vm_sm_step_remap", "msm", 0), .pop = VS_REASON_REMAP },
	{ EXIT("msm_sm_keep", "msm_gem_vm_sm_step_unmap", "msm", VS_SM_KEEP), .guard = "$2:op_arg.kept", .filter = NOT_NULL,
	  .value = { "$1:drm_gpuva_op.unmap.va:drm_gpuva.vm", "$1:drm_gpuva_op.unmap.va",
		     "$1:drm_gpuva_op.unmap.va:drm_gpuva.flags" } },
	{ EXIT("msm_vm_bo_validate", "msm_gem_vm_bo_validate", "msm", VS_VM_BO_VALIDATE), .value = { "$1", "- $ret#4" } },

	/* msm: BOs */
	{ ENTRY("msm_bo_evict", "msm_gem_evict", "msm", VS_BO_EVICT), .push = VS_REASON_EVICT, .value = { "$1" } },
	{ EXIT("msm_bo_evict_end", "msm_gem_evict", "msm", 0), .pop = VS_REASON_EVICT },
	{ ENTRY("msm_bo_purge", "msm_gem_purge", "msm", VS_BO_PURGE), .push = VS_REASON_PURGE, .value = { "$1" } },
	{ EXIT("msm_bo_purge_end", "msm_gem_purge", "msm", 0), .pop = VS_REASON_PURGE },
	{ ENTRY("msm_bo_free", "msm_gem_free_object", "msm", 0), .push = VS_REASON_FREE },
	{ EXIT("msm_bo_free_end", "msm_gem_free_object", "msm", 0), .pop = VS_REASON_FREE },
	{ EXIT("msm_bo_madvise", "msm_gem_madvise", "msm", VS_BO_MADVISE), .value = { "$1", "$2#4", "$ret#4" } },
	{ EXIT("msm_pin", "msm_gem_pin_obj_locked", "msm", VS_PIN), .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_pin_pages", "msm_gem_pin_pages_locked", "msm", VS_PIN), POINTER, .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_pin_iova", "msm_gem_get_and_pin_iova_range", "msm", VS_PIN), SUCCEEDED,
	  .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_pin_vaddr", "msm_gem_get_vaddr", "msm", VS_PIN), POINTER, .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_pin_vaddr_locked", "msm_gem_get_vaddr_locked", "msm", VS_PIN), POINTER,
	  .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_pin_vaddr_active", "msm_gem_get_vaddr_active", "msm", VS_PIN), POINTER,
	  .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_unpin", "msm_gem_unpin_locked", "msm", VS_UNPIN), .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_unpin_active", "msm_gem_unpin_active", "msm", VS_UNPIN), .value = { "$1", "$1" MSM_BO "pin_count" } },
	{ EXIT("msm_vma_get", "msm_gem_vma_get", "msm", VS_VMA_REF), .value = { "$1", "$1" MSM_BO "vma_ref.counter" } },
	{ ENTRY("msm_vma_put", "msm_gem_vma_put", "msm", VS_VMA_REF), .push = VS_REASON_VMA_PUT,
	  .value = { "$1", "less $1" MSM_BO "vma_ref.counter" } },
	{ EXIT("msm_vma_put_end", "msm_gem_vma_put", "msm", 0), .pop = VS_REASON_VMA_PUT },
	{ ENTRY("msm_handle_close", "msm_gem_close", "msm", 0), .push = VS_REASON_CLOSE, .begins = VS_KPROBE_HANDLE_CLOSE },
	{ EXIT("msm_handle_closed", "msm_gem_close", "msm", VS_HANDLE_CLOSED), .pop = VS_REASON_CLOSE,
	  .ends = VS_KPROBE_HANDLE_CLOSE, .value = { "$2", "$1", "=duration" } },
	{ EXIT("msm_bo_name", "msm_gem_object_set_name", "msm", VS_BO_NAME), .value = { "$1" },
	  .text = "$1<msm_gem_object.base>msm_gem_object.name" },
	{ POINT("msm_shrink1", "msm_gem_shrink", "msm", VS_SHRINK), .guard = "$2#4", .filter = NOT_NULL,
	  .value = { "=1", "pages $2#4" } },
	{ POINT("msm_shrink2", "msm_gem_shrink", "msm", VS_SHRINK), .guard = "$3#4", .filter = NOT_NULL,
	  .value = { "=2", "pages $3#4" } },
	{ POINT("msm_shrink3", "msm_gem_shrink", "msm", VS_SHRINK), .guard = "$4#4", .filter = NOT_NULL,
	  .value = { "=3", "pages $4#4" } },
	{ POINT("msm_shrink4", "msm_gem_shrink", "msm", VS_SHRINK), .guard = "$5#4", .filter = NOT_NULL,
	  .value = { "=4", "pages $5#4" } },
	{ POINT("msm_purge_vmaps", "msm_gem_purge_vmaps", "msm", VS_PURGE_VMAPS), .value = { "$1#4" } },

	/* msm: GPU and display */
	{ POINT("msm_submit", "msm_gpu_submit", "msm", VS_SUBMIT), .value = { "$3#4", "$2#4" } },
	{ POINT("msm_submit_flush", "msm_gpu_submit_flush", "msm", VS_SUBMIT_FLUSH),
	  .value = { "$1:msm_gem_submit.ident", "$1:msm_gem_submit.ring:msm_ringbuffer.id", "$1:msm_gem_submit.seqno" } },
	{ POINT("msm_submit_retire", "msm_gpu_submit_retired", "msm", VS_SUBMIT_RETIRE),
	  .value = { "$1:msm_gem_submit.ident", "$1:msm_gem_submit.ring:msm_ringbuffer.id", "$1:msm_gem_submit.seqno", "$2" } },
	{ ENTRY("msm_gpu_fault", "msm_gpu_fault_handler", "msm", VS_GPU_FAULT), .value = { "$3", "$4#4" } },
	{ ENTRY("msm_fb_prepare_begin", "msm_framebuffer_prepare", "msm", 0), .begins = VS_KPROBE_FB_PREPARE },
	{ EXIT("msm_fb_prepare", "msm_framebuffer_prepare", "msm", VS_FB_PREPARE), .ends = VS_KPROBE_FB_PREPARE,
	  .value = { "$1:drm_framebuffer.base.id", "$1<msm_framebuffer.base:msm_framebuffer.prepare_count.counter",
		     "=duration" } },
	{ ENTRY("msm_fb_cleanup_begin", "msm_framebuffer_cleanup", "msm", 0), .begins = VS_KPROBE_FB_CLEANUP },
	{ EXIT("msm_fb_cleanup", "msm_framebuffer_cleanup", "msm", VS_FB_CLEANUP), .ends = VS_KPROBE_FB_CLEANUP,
	  .value = { "$1:drm_framebuffer.base.id", "$1<msm_framebuffer.base:msm_framebuffer.prepare_count.counter",
		     "=duration" } },
	{ POINT("msm_commit_begin", "msm_atomic_commit_tail_start", "msm", VS_COMMIT_BEGIN), .value = { "$2#4" } },
	{ POINT("msm_commit_end", "msm_atomic_commit_tail_finish", "msm", VS_COMMIT_END), .value = { "$2#4" } },
	{ POINT("msm_commit_wait_begin", "msm_atomic_wait_flush_start", "msm", 0), .begins = VS_KPROBE_COMMIT_WAIT },
	{ POINT("msm_commit_wait", "msm_atomic_wait_flush_finish", "msm", VS_COMMIT_WAIT), .ends = VS_KPROBE_COMMIT_WAIT,
	  .value = { "$1#4", "=duration" } },

	/* the walk */
	{ ENTRY("msm_walk_begin", "msm_gem_describe_objects", "msm", VS_WALK_BEGIN) },
	{ ENTRY("msm_walk_bo", "msm_gem_describe", "msm", VS_WALK_BO), .finish = vs_finish_walk_bo,
	  .guard = "$1" MSM_BO "pages", .text = "$1<msm_gem_object.base>msm_gem_object.name",
	  .value = { "$1", "$1:drm_gem_object.size", "$1" MSM_BO "flags", "$1" REFCOUNT, "$1:drm_gem_object.handle_count",
		     "$1" MSM_BO "pin_count", "$1" MSM_BO "vma_ref.counter", "$1" MSM_BO "madv" } },
	WALK_VM("msm_walk_vm1", ""),
	WALK_VM_BO("msm_walk_vm_bo1", ""),
	WALK_VA("msm_walk_va11", "", ""),
	WALK_VA("msm_walk_va12", "", NEXT),
	WALK_VA("msm_walk_va13", "", NEXT NEXT),
	WALK_VA("msm_walk_va14", "", NEXT NEXT NEXT),
	WALK_VM("msm_walk_vm2", NEXT),
	WALK_VM_BO("msm_walk_vm_bo2", NEXT),
	WALK_VA("msm_walk_va21", NEXT, ""),
	WALK_VA("msm_walk_va22", NEXT, NEXT),
	{ EXIT("msm_walk_end", "msm_gem_describe_objects", "msm", VS_WALK_END), .value = { "=0" } },
};

const size_t vs_kprobe_spec_count = VS_ARRAY_SIZE(vs_kprobe_specs);
