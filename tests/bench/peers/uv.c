/* The same job with libuv, the way its users write it: uv_read_start, and
 * for each message a uv_write with a request, freed when it is done.
 * Usage: uv [PORT]    on 127.0.0.1: 0 unless given, for a free one
 * It needs libuv: cc uv.c -luv
 * Limit: it reads on while answers are left; its memory grows with them. */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static void check(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", call, uv_strerror(result));
        exit(1);
    }
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_alloc(uv_handle_t *handle, size_t suggested,
                     uv_buf_t *buffer)
{
    (void)handle;
    (void)suggested; /* 64 KiB: the other servers take 4 KiB, too */
    *buffer = uv_buf_init(malloc(4096), 4096);
}

static void on_written(uv_write_t *request, int status)
{
    if (status < 0 && !uv_is_closing((uv_handle_t *)request->handle))
        uv_close((uv_handle_t *)request->handle, on_closed);
    free(request->data);
    free(request);
}

static void on_read(uv_stream_t *client, ssize_t got,
                    const uv_buf_t *buffer)
{
    if (got <= 0) {
        free(buffer->base);
        if (got < 0 && !uv_is_closing((uv_handle_t *)client))
            uv_close((uv_handle_t *)client, on_closed);
        return;
    }
    for (ssize_t i = 0; i < got; i++)
        if (buffer->base[i] >= 'a' && buffer->base[i] <= 'z')
            buffer->base[i] = (char)(buffer->base[i] - 'a' + 'A');
    uv_buf_t answer = uv_buf_init(buffer->base, (unsigned)got);
    uv_write_t *request = malloc(sizeof *request);
    request->data = buffer->base;
    check(uv_write(request, client, &answer, 1, on_written), "uv_write");
}

static void on_connection(uv_stream_t *listener, int status)
{
    check(status, "accept");
    uv_tcp_t *client = malloc(sizeof *client);
    check(uv_tcp_init(listener->loop, client), "uv_tcp_init");
    check(uv_accept(listener, (uv_stream_t *)client), "uv_accept");
    check(uv_tcp_nodelay(client, 1), "uv_tcp_nodelay");
    check(uv_read_start((uv_stream_t *)client, on_alloc, on_read),
          "uv_read_start");
}

int main(int argc, char *argv[])
{
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in address;
    check(uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 0, &address),
          "uv_ip4_addr");
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    check(uv_tcp_bind(&listener, (struct sockaddr *)&address, 0),
          "uv_tcp_bind");
    check(uv_listen((uv_stream_t *)&listener, 4096, on_connection),
          "uv_listen");
    return uv_run(loop, UV_RUN_DEFAULT);
}
