"""Runs SecantusDB for one test process, and ends with it.

    serve.py FOLDER [--with-tls] [SERVER'S ARGUMENTS ..]

The test process holds the other end of standard input. However that process ends (done, a panic, Ctrl-C, kill -9), the
pipe closes; then this process removes FOLDER and is gone. So no server outlives its test.
"""

import os
import shutil
import sys
import threading

from secantus.cli import main


def follow(folder):
    """Waits until the test process is gone."""
    while os.read(0, 4096):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def certificate(folder):
    """The arguments for TLS; the authority that a client is to trust is FOLDER/authority.pem."""
    server = os.path.join(folder, "server.pem")
    if not os.path.exists(server):
        import trustme

        authority = trustme.CA()
        authority.cert_pem.write_to_path(os.path.join(folder, "authority.pem"))
        authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(server)
    return ["--tls-cert-file", server, "--tls-key-file", server]


if __name__ == "__main__":
    folder, *arguments = sys.argv[1:]
    threading.Thread(target=follow, args=[folder], daemon=True).start()
    if "--with-tls" in arguments:
        arguments.remove("--with-tls")
        arguments += certificate(folder)
    # A file of settings is named, so that none of the developer's own is looked for.
    settings = os.path.join(folder, "secantusd.toml")
    open(settings, "a").close()
    sys.exit(main(["--config", settings, "--storage-path", os.path.join(folder, "data"), *arguments]))
