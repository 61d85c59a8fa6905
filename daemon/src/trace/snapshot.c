/* SPDX-License-Identifier: MIT */
#include "trace/snapshot.h"

#include "util.h"

/* Entries of one part: the largest kind takes under 100 bytes, so a part stays far below the message limit. */
#define VS_PART 4096

void vs_snapshot_init(struct vs_snapshot *snapshot, struct vs_resolver *resolver)
{
	*snapshot = (struct vs_snapshot){ .resolver = resolver };
}

static void vs_walk_lists_clear(struct vs_snapshot *snapshot)
{
	snapshot->vms.n = 0;
	snapshot->bos.n = 0;
	snapshot->vm_bos.n = 0;
	snapshot->vas.n = 0;
	snapshot->broken = 0;
	snapshot->ended = false;
}

void vs_snapshot_destroy(struct vs_snapshot *snapshot)
{
	free(snapshot->vms.record);
	free(snapshot->bos.record);
	free(snapshot->vm_bos.record);
	free(snapshot->vas.record);
	free(snapshot->vm_task);
	*snapshot = (struct vs_snapshot){ 0 };
}

void vs_snapshot_vm_made(struct vs_snapshot *snapshot, uint64_t vm, uint64_t task)
{
	if (vm >= snapshot->n_vm_task) {
		size_t n = vm * 2 + 16;

		snapshot->vm_task = vs_xrealloc(snapshot->vm_task, n, sizeof(*snapshot->vm_task));
		memset(snapshot->vm_task + snapshot->n_vm_task, 0,
		       (n - snapshot->n_vm_task) * sizeof(*snapshot->vm_task));
		snapshot->n_vm_task = n;
	}
	snapshot->vm_task[vm] = task;
}

void vs_snapshot_begin(struct vs_snapshot *snapshot, uint64_t now_ns)
{
	vs_walk_lists_clear(snapshot);
	snapshot->active = true;
	snapshot->begin_ns = now_ns;
}

static void vs_walk_keep(struct vs_walk_list *list, const struct vs_event *event, const char *text, uint64_t id)
{
	struct vs_walk_record *record;

	if (!id)
		return;
	if (list->n == list->room) {
		list->room = list->room * 2 + 64;
		list->record = vs_xrealloc(list->record, list->room, sizeof(*list->record));
	}
	record = &list->record[list->n++];
	record->event = *event;
	record->id = id;
	memset(record->text, 0, sizeof(record->text));
	if (text)
		memcpy(record->text, text, VS_TEXT);
	/* Bytes of the kernel that need not be UTF-8. */
	record->text[VS_TEXT - 1] = 0;
	for (char *c = record->text; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
}

/* Replaces the address by its id; false when that object ended since the walk began. */
static bool vs_walk_id(struct vs_snapshot *snapshot, enum vs_object object, uint64_t *address)
{
	if (!*address)
		return true;
	*address = vs_ids_walk(&snapshot->resolver->ids[object], *address, snapshot->begin_ns);
	return *address != 0;
}

void vs_snapshot_record(struct vs_snapshot *snapshot, const struct vs_event *event, const char *text)
{
	struct vs_event e = *event;

	if (!snapshot->active)
		return;
	switch (e.kind) {
	case VS_WALK_BEGIN:
		/* Again, when the text did not fit the kernel's buffer: what was listed before is listed again. */
		vs_walk_lists_clear(snapshot);
		break;
	case VS_WALK_BO:
		if (vs_walk_id(snapshot, VS_OBJECT_BO, &e.value[0]))
			vs_walk_keep(&snapshot->bos, &e, text, e.value[0]);
		break;
	case VS_WALK_VM_BO:
		if (vs_walk_id(snapshot, VS_OBJECT_VM_BO, &e.value[0]) &&
		    vs_walk_id(snapshot, VS_OBJECT_VM, &e.value[1]) && vs_walk_id(snapshot, VS_OBJECT_BO, &e.value[2]))
			vs_walk_keep(&snapshot->vm_bos, &e, NULL, e.value[0]);
		break;
	case VS_WALK_VM:
		/* A VM may outlive its file, which is then 0. */
		vs_walk_id(snapshot, VS_OBJECT_FILE, &e.value[7]);
		if (vs_walk_id(snapshot, VS_OBJECT_VM, &e.value[0]))
			vs_walk_keep(&snapshot->vms, &e, text, e.value[0]);
		break;
	case VS_WALK_VA:
		if (vs_walk_id(snapshot, VS_OBJECT_VA, &e.value[0]) && vs_walk_id(snapshot, VS_OBJECT_VM, &e.value[1]) &&
		    vs_walk_id(snapshot, VS_OBJECT_VM_BO, &e.value[2]) && vs_walk_id(snapshot, VS_OBJECT_BO, &e.value[3]))
			vs_walk_keep(&snapshot->vas, &e, NULL, e.value[0]);
		break;
	case VS_WALK_END:
		snapshot->ended = true;
		snapshot->broken = e.value[0];
		break;
	}
}

/* One part being filled. */
struct vs_part {
	Vascope__V1__Snapshot message;
	void (*send)(void *, const Vascope__V1__Frame *);
	void *data;
	size_t n;
	Vascope__V1__Task task[VS_PART], *task_list[VS_PART];
	char comm[VS_PART][sizeof(((struct vs_intern_entry *)0)->text)];
	Vascope__V1__SnapshotVm vm[VS_PART], *vm_list[VS_PART];
	Vascope__V1__SnapshotBo bo[VS_PART], *bo_list[VS_PART];
	Vascope__V1__SnapshotVmBo vm_bo[VS_PART], *vm_bo_list[VS_PART];
	Vascope__V1__SnapshotVa va[VS_PART], *va_list[VS_PART];
};

static void vs_part_send(struct vs_part *part, bool last)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;

	part->message.last = last;
	frame.body_case = VASCOPE__V1__FRAME__BODY_SNAPSHOT;
	frame.snapshot = &part->message;
	part->send(part->data, &frame);
	part->message.part++;
	part->message.n_tasks = 0;
	part->message.n_vms = 0;
	part->message.n_bos = 0;
	part->message.n_vm_bos = 0;
	part->message.n_vas = 0;
	part->n = 0;
}

static void vs_part_next(struct vs_part *part)
{
	if (++part->n == VS_PART)
		vs_part_send(part, false);
}

/* The task for which the driver says a VM was made, when it was made before tracing; 0 when it says nothing. */
static uint64_t vs_part_vm_task(struct vs_part *part, struct vs_snapshot *snapshot, const struct vs_walk_record *vm)
{
	const struct vs_intern_entry *entry;
	char path[64], comm[VS_COMM] = "";
	uint32_t pid = (uint32_t)vm->event.value[6];
	_vs_close_ int fd = -1;
	uint64_t id;
	bool new;
	size_t at;

	if (vm->id < snapshot->n_vm_task && snapshot->vm_task[vm->id])
		return snapshot->vm_task[vm->id];
	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, comm, sizeof(comm) - 1) < 0)
		comm[0] = 0;
	comm[strcspn(comm, "\n")] = 0;
	id = vs_intern(&snapshot->resolver->tasks, pid, pid, comm, sizeof(comm), &entry, &new);
	if (new) {
		at = part->message.n_tasks++;
		vascope__v1__task__init(&part->task[at]);
		snprintf(part->comm[at], sizeof(part->comm[at]), "%s", entry->text);
		part->task[at].id = id;
		part->task[at].pid = pid;
		part->task[at].tid = pid;
		part->task[at].comm = part->comm[at];
	}
	vs_snapshot_vm_made(snapshot, vm->id, id);
	return id;
}

static void vs_part_vms(struct vs_part *part, struct vs_snapshot *snapshot, uint32_t shift)
{
	for (size_t i = 0; i < snapshot->vms.n; i++, vs_part_next(part)) {
		struct vs_walk_record *record = &snapshot->vms.record[i];
		Vascope__V1__SnapshotVm *vm = &part->vm[part->message.n_vms++];

		vascope__v1__snapshot_vm__init(vm);
		vm->id = record->id;
		vm->name = record->text;
		vm->flags = record->event.value[1];
		vm->mode = (Vascope__V1__VmMode)(record->event.value[2] & VS_VM_MODE_MASK);
		vm->unusable = (record->event.value[2] & VS_VM_UNUSABLE_BIT) != 0;
		vm->iova = record->event.value[3] >> shift;
		vm->range = record->event.value[4] >> shift;
		vm->refcount = record->event.value[5];
		vm->task = vs_part_vm_task(part, snapshot, record);
		vm->file = record->event.value[7];
	}
}

static void vs_part_bos(struct vs_part *part, const struct vs_walk_list *list, uint32_t shift)
{
	for (size_t i = 0; i < list->n; i++, vs_part_next(part)) {
		const struct vs_walk_record *record = &list->record[i];
		Vascope__V1__SnapshotBo *bo = &part->bo[part->message.n_bos++];

		vascope__v1__snapshot_bo__init(bo);
		bo->id = record->id;
		bo->size = record->event.value[1] >> shift;
		bo->flags = record->event.value[2];
		bo->refcount = record->event.value[3];
		bo->handles = record->event.value[4];
		bo->pins = record->event.value[5];
		bo->vma_ref = record->event.value[6];
		bo->madv = record->event.value[7] & VS_BO_MADV;
		bo->resident = (record->event.value[7] & VS_BO_RESIDENT_BIT) != 0;
		bo->name = (char *)record->text;
	}
}

static void vs_part_vm_bos(struct vs_part *part, const struct vs_walk_list *list)
{
	for (size_t i = 0; i < list->n; i++, vs_part_next(part)) {
		const uint64_t *value = list->record[i].event.value;
		Vascope__V1__SnapshotVmBo *vm_bo = &part->vm_bo[part->message.n_vm_bos++];

		vascope__v1__snapshot_vm_bo__init(vm_bo);
		vm_bo->id = list->record[i].id;
		vm_bo->vm = value[1];
		vm_bo->bo = value[2];
		vm_bo->evicted = value[3] != 0;
	}
}

static void vs_part_vas(struct vs_part *part, const struct vs_walk_list *list, uint32_t shift)
{
	for (size_t i = 0; i < list->n; i++, vs_part_next(part)) {
		const uint64_t *value = list->record[i].event.value;
		Vascope__V1__SnapshotVa *va = &part->va[part->message.n_vas++];

		vascope__v1__snapshot_va__init(va);
		va->id = list->record[i].id;
		va->vm = value[1];
		va->vm_bo = value[2];
		va->bo = value[3];
		va->iova = value[4] >> shift;
		va->range = value[5] >> shift;
		va->offset = value[6] >> shift;
		va->flags = (uint32_t)value[7];
		va->mapped = (value[7] & VS_VA_MAPPED_BIT) != 0;
	}
}

void vs_snapshot_send(struct vs_snapshot *snapshot, uint32_t request_id, uint64_t end_ns, bool ok,
		      void (*send)(void *, const Vascope__V1__Frame *), void *data)
{
	_vs_free_ struct vs_part *part = vs_xcalloc(1, sizeof(*part));
	uint32_t shift = snapshot->resolver->page_shift;

	for (size_t i = 0; i < VS_PART; i++) {
		part->task_list[i] = &part->task[i];
		part->vm_list[i] = &part->vm[i];
		part->bo_list[i] = &part->bo[i];
		part->vm_bo_list[i] = &part->vm_bo[i];
		part->va_list[i] = &part->va[i];
	}
	vascope__v1__snapshot__init(&part->message);
	part->send = send;
	part->data = data;
	part->message.id = ++snapshot->last_id;
	part->message.request_id = request_id;
	part->message.begin_ns = snapshot->begin_ns;
	part->message.end_ns = end_ns;
	part->message.complete = ok && snapshot->ended && !snapshot->broken;
	part->message.tasks = part->task_list;
	part->message.vms = part->vm_list;
	part->message.bos = part->bo_list;
	part->message.vm_bos = part->vm_bo_list;
	part->message.vas = part->va_list;
	vs_part_vms(part, snapshot, shift);
	vs_part_bos(part, &snapshot->bos, shift);
	vs_part_vm_bos(part, &snapshot->vm_bos);
	vs_part_vas(part, &snapshot->vas, shift);
	vs_part_send(part, true);
	snapshot->active = false;
	vs_walk_lists_clear(snapshot);
}
