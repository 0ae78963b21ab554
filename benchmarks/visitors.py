"""Twenty visitors at once in the browser: how fast a step is answered, and what memory they leave behind.

Runs by itself: `python -m benchmarks.visitors [--visitors 20] [--rounds 5]`; needs Playwright and Chromium.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
from playwright.async_api import async_playwright

ROOT = Path(__file__).parent.parent
SCENARIO = "two_aggregators"
WITHIN, BACK = 2.0, 1.10  # seconds at the 95th percentile; memory afterwards as a multiple of that before
WARM = 2  # times that a full house comes and goes before memory is measured, so that allocators have grown
PATIENCE = 120_000  # milliseconds
AFTERWARDS = 6.0  # seconds after the last has left until memory is measured
STEP = """words => new Promise(done => {
    const begin = performance.now();
    const look = () => document.querySelector('.status b').textContent === words && done(performance.now() - begin);
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
    document.querySelector('button[aria-label=step]').click();
})"""


def main(arguments=None):
    """Measure and print; exit code 1 where a target is missed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--visitors", type=int, default=20)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--warm", type=int, default=WARM)
    options = options.parse_args(arguments)
    command = [sys.executable, "run.py", "serve", SCENARIO, "--port", "0", "--no-open"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split()[1]
        found = asyncio.run(measure(url, server.pid, options.visitors, options.rounds, options.warm))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
    print(json.dumps(found))
    return 0 if found["p95_seconds"] <= WITHIN and found["memory_back"] <= BACK else 1


async def measure(url, pid, visitors, rounds, warm):
    """Answer times of steps pressed by all at once, and the server's memory before, while and after, in MB."""
    async with async_playwright() as playwright:
        path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(warm):
            await house(browser, url, visitors, 1)
        before = memory(pid)
        seconds, (during, work) = await house(browser, url, visitors, rounds, pid)
        await browser.close()
    after = memory(pid)
    return {
        "visitors": visitors,
        "steps": len(seconds),
        "median_seconds": round(float(np.median(seconds)), 3),
        "p95_seconds": round(float(np.percentile(seconds, 95)), 3),
        "server_cpu_per_step": round(work / len(seconds), 3),
        "memory_mb": {"before": before, "during": during, "after": after},
        "memory_back": round(after / before, 3),
    }


async def house(browser, url, visitors, rounds, pid=None):
    """All come, press Step at the same time in every round, and leave.

    Returns seconds of each step, and of the server with that pid (memory in MB, processor seconds of all steps).
    """
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)
    pages = [await come(context, url) for _ in range(visitors)]
    began = busy(pid) if pid else 0
    seconds = [await asyncio.gather(*(step(page, number) for page in pages)) for number in range(1, rounds + 1)]
    during = (memory(pid), busy(pid) - began) if pid else None
    for page in pages:
        await page.close(run_before_unload=True)
    await empty(url)
    await context.close()
    return np.ravel(seconds), during


async def come(context, url):
    """A new visitor's page."""
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_selector(".tile")
    return page


async def step(page, number):
    """Seconds from pressing Step until its round is shown, by the page's own clock."""
    return await page.evaluate(STEP, f"Round {number}") / 1000


async def empty(url):
    """Wait until the server has forgotten everybody, and has tidied up."""
    for _ in range(360):
        with urllib.request.urlopen(url.replace("/?", "/resourcez?")) as answer:
            if json.load(answer)["kernels"]["total"] == 0:
                return await asyncio.sleep(AFTERWARDS)
        await asyncio.sleep(0.5)
    raise TimeoutError("visitors who left are still there")


def busy(pid):
    """Processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Resident memory of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return round(int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024)


if __name__ == "__main__":
    sys.exit(main())
