"""Runs the BigQuery emulator for one test process, and ends with it.

    serve.py FOLDER PORT GRPC_PORT PROJECT

The test process holds the other end of standard input. However that process ends (done, a panic, Ctrl-C, kill -9), the
pipe closes; then this process removes FOLDER and is gone. So no server outlives its test.
"""

import os
import shutil
import sys
import threading


def follow(folder):
    """Waits until the test process is gone."""
    while os.read(0, 4096):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    folder, port, grpc_port, project = sys.argv[1:]
    threading.Thread(target=follow, args=[folder], daemon=True).start()
    # Not before: to import it takes seconds.
    from local_bigquery.cli import main

    ports = ["--port", port, "--grpc-port", grpc_port]
    data = os.path.join(folder, "data")
    sys.exit(main(["--host", "127.0.0.1", *ports, "--project", project, "--data-dir", data, "serve"]))
