/* Lets a layer without sources of its own exist in the build. */
typedef int bf_empty_translation_unit;
