// SPDX-License-Identifier: MIT
/* The VA tree of a VM_BIND VM, as drm_gpuvm keeps it. See va_model.h. */
#include "scenario/va_model.h"

#include <stdlib.h>
#include <string.h>

/* Index of the first VA that ends after iova. */
static size_t first_after(const struct vs_va_model *model, uint64_t iova)
{
	size_t low = 0, high = model->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (model->va[mid].iova + model->va[mid].range <= iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Put n_new VAs in the place of n_old ones from index on. */
static void replace(struct vs_va_model *model, size_t index, size_t n_old, const struct vs_va *va, size_t n_new)
{
	size_t n = model->n - n_old + n_new;

	if (n > model->size) {
		size_t size = n * 2;
		struct vs_va *grown = reallocarray(model->va, size, sizeof(*grown));

		if (!grown)
			abort();
		model->va = grown;
		model->size = size;
	}
	if (model->n > index + n_old)
		memmove(model->va + index + n_new, model->va + index + n_old,
			(model->n - index - n_old) * sizeof(*va));
	if (n_new)
		memcpy(model->va + index, va, n_new * sizeof(*va));
	model->n = n;
	model->inserts += n_new;
	model->removes += n_old;
}

/* Take [iova, iova + range) out and put *add there, when given. */
static void punch(struct vs_va_model *model, uint64_t iova, uint64_t range, const struct vs_va *add)
{
	uint64_t end = iova + range;
	size_t index = first_after(model, iova);
	size_t n_old = 0, n_new = 0;
	struct vs_va keep[3]; /* prev, the new one, next */

	while (index + n_old < model->n && model->va[index + n_old].iova < end)
		n_old++;
	if (n_old && model->va[index].iova < iova) {
		const struct vs_va *first = &model->va[index];

		keep[n_new++] = (struct vs_va){
			.iova = first->iova,
			.range = iova - first->iova,
			.bo = first->bo,
			.offset = first->offset,
		};
	}
	if (add)
		keep[n_new++] = *add;
	if (n_old && model->va[index + n_old - 1].iova + model->va[index + n_old - 1].range > end) {
		const struct vs_va *last = &model->va[index + n_old - 1];

		keep[n_new++] = (struct vs_va){
			.iova = end,
			.range = last->iova + last->range - end,
			.bo = last->bo,
			.offset = last->bo ? last->offset + (end - last->iova) : 0,
		};
	}
	replace(model, index, n_old, keep, n_new);
}

void vs_va_model_map(struct vs_va_model *model, uint64_t iova, uint64_t range, uint64_t bo, uint64_t offset)
{
	struct vs_va va = { .iova = iova, .range = range, .bo = bo, .offset = offset };
	size_t index = first_after(model, iova);

	if (bo && index < model->n && !memcmp(&model->va[index], &va, sizeof(va)))
		return; /* flags only */
	punch(model, iova, range, &va);
}

void vs_va_model_unmap(struct vs_va_model *model, uint64_t iova, uint64_t range)
{
	punch(model, iova, range, NULL);
}

bool vs_va_model_maps(const struct vs_va_model *model, uint64_t bo)
{
	for (size_t i = 0; i < model->n; i++)
		if (model->va[i].bo == bo)
			return true;
	return false;
}

void vs_va_model_close(struct vs_va_model *model)
{
	model->removes += model->n;
	free(model->va);
	model->va = NULL;
	model->n = 0;
	model->size = 0;
}
