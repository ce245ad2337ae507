/* Opening a model: where its weights come from, and which code this processor runs. */
#include "internal.h"
#include <string.h>
#include <sys/mman.h>

// Mapped images up to this size are read once by open to compare their checksum (about two milliseconds); larger ones
// only by selftest, so that opening stays a matter of mapping.
enum { CHECK_AT_OPEN = 32 << 20 };

static rondo_status check_program(const rondo_program *program, int32_t level, rondo_error *error) {
  if (level < 0)
    return rondo_fail(error, RONDO_ECPU, "%s needs an x86-64-v2 processor or better", program->name);
  for (int32_t i = 0; i < program->exports; ++i)
    if (!rondo_pick_entry(&program->export_[i], level))
      return rondo_fail(error, RONDO_ECPU, "%s was compiled for x86-64-v%d and better; this processor is x86-64-v%d",
                        program->name, (int64_t)(program->export_[i].entry[RONDO_V3] ? 3 : 4), (int64_t)(level + 2));
  return RONDO_OK;
}

// Plain tensors -> packed block of the model's own. `source` NULL: the model has no tensors.
static rondo_status pack(rondo_model *model, const rondo_source *source, rondo_error *error) {
  const rondo_program *program = model->program;
  int32_t level = model->level;
  while (level >= 0 && !program->load[level])
    --level;
  if (level < 0)
    return rondo_fail(error, RONDO_ECPU, "%s cannot pack weights on this processor", program->name);
  size_t plain_size = sizeof(float) * ((size_t)program->plain_floats + RONDO_SLACK);
  float *plain = rondo_alloc(&model->config, plain_size, RONDO_ALIGN);
  model->block_size = rondo_packed_bytes(program);
  model->block = rondo_alloc(&model->config, model->block_size, RONDO_ALIGN);
  rondo_status status = RONDO_OK;
  if (!plain || !model->block)
    status = rondo_fail(error, RONDO_ENOMEM, "no memory for the weights");
  else if (source)
    status = rondo_read_safetensors(program, source, &model->config, plain, error);
  if (!status) {
    memset(plain + program->plain_floats, 0, sizeof(float) * RONDO_SLACK);
    memset(model->block, 0, model->block_size);
    program->load[level](plain, model->block);
    model->weights = model->block;
  }
  rondo_release(&model->config, plain, plain_size, RONDO_ALIGN);
  return status;
}

static rondo_status use_image(rondo_model *model, const rondo_image *image, int64_t size, bool check,
                              rondo_error *error) {
  rondo_status status = rondo_image_check(model->program, image, size, error);
  if (status)
    return status;
  model->image = image;
  model->weights = (const float *)(image + 1);
  return check ? rondo_model_check(model, error) : RONDO_OK;
}

static rondo_status read_source(rondo_model *model, const rondo_source *source, rondo_error *error) {
  char magic[8] = {0};
  if (source->size >= 8 && !rondo_source_read(source, 0, magic, 8))
    return rondo_fail(error, RONDO_EIO, "cannot read the weights");
  if (memcmp(magic, "RONDOWTS", 8))
    return pack(model, source, error);
  if (source->memory) {
    model->block_size = (size_t)source->size;
    model->block = rondo_alloc(&model->config, model->block_size, RONDO_ALIGN);
    if (!model->block)
      return rondo_fail(error, RONDO_ENOMEM, "no memory for the weights");
    memcpy(model->block, source->memory, model->block_size);
    return use_image(model, model->block, source->size, true, error);
  }
  void *mapped = mmap(NULL, (size_t)source->size, PROT_READ, MAP_PRIVATE, source->fd, 0);
  if (mapped == MAP_FAILED)
    return rondo_fail(error, RONDO_EIO, "cannot map the weights");
  model->mapped = mapped;
  model->mapped_size = (size_t)source->size;
  return use_image(model, mapped, source->size, source->size <= CHECK_AT_OPEN, error);
}

static rondo_status open_model(const rondo_program *program, rondo_model **result, const rondo_source *source,
                               const rondo_config *config, rondo_error *error) {
  rondo_config mine;
  rondo_status status = rondo_config_copy(&mine, config, error);
  int32_t level = rondo_cpu_level();
  if (!status)
    status = check_program(program, level, error);
  if (status)
    return status;
  rondo_model *model = rondo_alloc(&mine, sizeof *model, RONDO_ALIGN);
  if (!model)
    return rondo_fail(error, RONDO_ENOMEM, "no memory for the model");
  memset(model, 0, sizeof *model);
  model->program = program;
  model->config = mine;
  model->level = level;
  atomic_init(&model->owners, 1);
  if (source)
    status = read_source(model, source, error);
  else if (program->embedded)
    status = use_image(model, program->embedded, program->embedded_size, false, error);
  else if (program->packed_floats) // tables that are computed from nothing
    status = pack(model, NULL, error);
  if (status) {
    rondo_model_release(model);
    return status;
  }
  *result = model;
  return rondo_ok(error);
}

rondo_status rondo_open(const rondo_program *program, rondo_model **result, const char *path,
                        const rondo_config *config, rondo_error *error) {
  if (!result)
    return rondo_fail(error, RONDO_EINVAL, "open: no place for the model (NULL)");
  *result = NULL;
  if (!path) {
    if (!program->embedded && program->cells)
      return program->weights
                 ? rondo_fail(error, RONDO_EINVAL, "%s was compiled without weights: open it with the path of %s",
                              program->name, program->weights)
                 : rondo_fail(error, RONDO_EINVAL,
                              "%s was compiled without weights: open it with the path of a safetensors file",
                              program->name);
    return open_model(program, result, NULL, config, error);
  }
  rondo_source source;
  rondo_status status = rondo_source_open(&source, path, error);
  if (status)
    return status;
  status = open_model(program, result, &source, config, error);
  rondo_source_close(&source);
  return status;
}

rondo_status rondo_open_memory(const rondo_program *program, rondo_model **result, const void *data, size_t size,
                               const rondo_config *config, rondo_error *error) {
  if (!result)
    return rondo_fail(error, RONDO_EINVAL, "open_memory: no place for the model (NULL)");
  *result = NULL;
  if (!data || size > INT64_MAX)
    return rondo_fail(error, RONDO_EINVAL, "open_memory: no weights (NULL)");
  rondo_source source = {data, -1, (int64_t)size};
  return open_model(program, result, &source, config, error);
}

rondo_status rondo_model_check(const rondo_model *model, rondo_error *error) {
  if (model->image && rondo_checksum(model->weights, model->image->data_size) != model->image->data_sum)
    return rondo_fail(error, RONDO_EFORMAT, "weights: the image is damaged (its checksum differs)");
  return RONDO_OK;
}

rondo_status rondo_save(const rondo_program *program, const rondo_model *model, const char *path, rondo_error *error) {
  if (!model || !path)
    return rondo_fail(error, RONDO_EINVAL, "save: no model or no path (NULL)");
  size_t size = model->weights ? rondo_packed_bytes(program) : 0;
  if (!size)
    return rondo_fail(error, RONDO_EINVAL, "save: %s has no weights", program->name);
  rondo_image header = rondo_image_header(rondo_program_layout(program), model->weights, size);
  const void *parts[] = {&header, model->weights};
  size_t sizes[] = {sizeof header, size};
  rondo_status status = rondo_write_file(path, parts, sizes, 2, error);
  return status ? status : rondo_ok(error);
}

void rondo_model_release(rondo_model *model) {
  if (atomic_fetch_sub_explicit(&model->owners, 1, memory_order_acq_rel) != 1)
    return;
  rondo_config config = model->config;
  if (model->mapped)
    munmap(model->mapped, model->mapped_size);
  rondo_release(&config, model->block, model->block_size, RONDO_ALIGN);
  rondo_release(&config, model, sizeof *model, RONDO_ALIGN);
}

void rondo_close(const rondo_program *program, rondo_model *model) {
  if (model)
    rondo_model_release(model);
}
