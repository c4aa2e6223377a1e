/* The server's program. It links libblindfit-server, which has no code that
 * could make or use a secret key. With the checkpoint, the program continues
 * after a crash when it is started again. */
#include <blindfit/server.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static bf_env env; /* the environment of this job */

static void stop(int number)
{
    (void)number;
    bf_env_interrupt(&env, 1);
}

int main(void)
{
    static const char *const uploads[] = {"public/upload.bf"};
    const bf_serve_options options = {
        .job = "public/job.json",
        .keys = (const char *const[]){"public/eval.keys"},
        .key_count = 1,
        .uploads = uploads,
        .upload_count = 1,
        .model = "public/model.enc",
        .checkpoint = "state.bf",
        .resume = access("state.bf", F_OK) == 0,
        .max_memory = (uint64_t)4 << 30,
    };
    bf_serve_report report;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    if (bf_serve_train(&report, &options, &env) != BF_OK) {
        fprintf(stderr, "server: %s\n", bf_last_error());
        return 1;
    }
    printf("server: %u iterations over %zu rows that nobody here can read\n",
           report.job.shape.iterations, report.job.shape.rows);
    return 0;
}
