/* Names of recipes and feature maps in options and files. */
#ifndef BF_TRAIN_NAMES_H
#define BF_TRAIN_NAMES_H

#include "blindfit/train.h"

extern const char *const bf_recipe_kind_names[BF_RECIPE_KINDS];
extern const char *const bf_feature_map_names[BF_FEATURE_MAPS];

#endif
