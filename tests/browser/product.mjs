// The product as a process of its own, for those who look at it with a browser.

import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** LOOPLINE_BIN, or what was built last. */
export const program =
  process.env.LOOPLINE_BIN ?? join(dirname(fileURLToPath(import.meta.url)), "../../target/debug/loopline");

/** Starts the product, with its demonstration unless told otherwise, and waits for the address it prints. */
export function start(data, demo = ["--demo"]) {
  const child = spawn(program, ["up", ...demo, "--data", data, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, LOOPLINE_LOG: "warn" },
  });
  return new Promise((resolve, reject) => {
    let said = "";
    const late = setTimeout(() => reject(new Error(`it is not up after two minutes:\n${said}`)), 120_000);
    child.stderr.on("data", (bytes) => {
      said += bytes;
      const address = /Open (http:\/\/\S+)/.exec(said);
      if (address) {
        clearTimeout(late);
        resolve({ child, address: address[1] });
      }
    });
    child.on("exit", (code) => reject(new Error(`it ended with ${code}:\n${said}`)));
  });
}
