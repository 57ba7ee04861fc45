import subprocess
import unittest
from urllib.parse import urlsplit
from urllib.request import urlopen

SERVER = ['python3', '-m', 'http.server', '{port}', '--directory', 'public']
RUN = ['port4me', 'run', 'web', '--', *SERVER]


def url(folder='.'):
    """Where the service runs, or will run."""
    return subprocess.check_output(['port4me', 'url', 'web'], cwd=folder, text=True).strip()


def start():
    """Starts the server, and returns when it accepts connections."""
    run = subprocess.Popen(RUN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = str(urlsplit(url()).port)
    subprocess.run(['port4me', 'wait', port, '--timeout=60'], check=True)
    return run


class Web(unittest.TestCase):
    def setUp(self):
        self.run_of_server = start()

    def tearDown(self):
        self.run_of_server.terminate()
        self.run_of_server.wait()

    def test_serves_the_page(self):
        with urlopen(url()) as response:
            self.assertIn('port4me and Python', response.read().decode())

    def test_the_url_is_the_same_in_each_folder_of_the_project(self):
        self.assertEqual(url('public'), url())

    def test_a_second_start_is_told_where_the_service_runs(self):
        second = subprocess.run(RUN, capture_output=True, text=True)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f'port {urlsplit(url()).port}', second.stderr)

    def test_after_a_stop_the_port_is_the_same(self):
        before = url()
        subprocess.run(['port4me', 'stop', 'web', '--yes'], check=True, capture_output=True)
        self.run_of_server.wait()
        self.run_of_server = start()
        self.assertEqual(url(), before)


if __name__ == '__main__':
    unittest.main()
