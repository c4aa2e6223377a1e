/* An outside server, built against the files of `make install`. */
#include <blindfit/train.h>
#include <stdio.h>

int main(void)
{
    bf_recipe recipe;
    if (bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, 128, 400) != BF_OK) {
        fprintf(stderr, "%s\n", bf_last_error());
        return 1;
    }
    return 0;
}
