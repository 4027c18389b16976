/** Starts a server of the independent Python stack `asyncua`, in an environment of its own, or says why it cannot be had. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
/** A registry that does not answer in this time is not reachable here. */
const installMsMax = 120_000;

const program = `
import asyncio, logging, socket, sys
from pathlib import Path
from asyncua import Server, ua, uamethod
from asyncua.common.structures104 import new_struct, new_struct_field
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

logging.disable(logging.CRITICAL)
folder = Path(sys.argv[1])

class Users:
    def get_user(self, iserver, username=None, password=None, certificate=None):
        if username is None or (username == "anna" and password == "correct horse"):
            return User(role=UserRole.Admin)
        return None

async def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(user_manager=Users())
    # It then keeps the conditions that are of interest, and answers ConditionRefresh by itself.
    server.iserver.bind_condition_methods = 100
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    await server.set_application_uri("urn:millwright:asyncua")
    await setup_self_signed_certificate(
        folder / "key.pem", folder / "cert.der", "urn:millwright:asyncua", "127.0.0.1",
        [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH],
        {"countryName": "CN", "organizationName": "Millwright"},
    )
    await server.load_certificate(str(folder / "cert.der"))
    await server.load_private_key(str(folder / "key.pem"))
    server.set_security_policy([
        ua.SecurityPolicyType.NoSecurity,
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
        ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
    ])
    index = await server.register_namespace("urn:millwright:interop")
    machine = await server.nodes.objects.add_object(index, "Machine")
    values = {
        "Level": ua.Variant(1.5, ua.VariantType.Double),
        "Constant": ua.Variant(7.0, ua.VariantType.Double),
        "Smallest": ua.Variant(-(2**63), ua.VariantType.Int64),
        "Largest": ua.Variant(2**64 - 1, ua.VariantType.UInt64),
        "Text": ua.Variant("Größe", ua.VariantType.String),
        "List": ua.Variant([10, 20, 30], ua.VariantType.Int32),
        "Setpoint": ua.Variant(1.0, ua.VariantType.Float),
    }
    nodes = {}
    for name, value in values.items():
        nodes[name] = await machine.add_variable(ua.NodeId(name, index), name, value)
        await nodes[name].set_writable()
    await new_struct(server, index, "Zone", [
        new_struct_field("Setpoint", ua.VariantType.Double),
        new_struct_field("Total", ua.VariantType.UInt64),
    ])
    custom = await server.load_data_type_definitions()
    await machine.add_variable(
        ua.NodeId("Recipe", index), "Recipe",
        ua.Variant(custom["Zone"](Setpoint=180.5, Total=2**53 + 1), ua.VariantType.ExtensionObject),
    )
    alarm_id = ua.NodeId("Overheated", index)
    await machine.add_object(alarm_id, "Overheated")
    alarm = await server.get_event_generator(ua.ObjectIds.AlarmConditionType)
    alarm.event.NodeId = alarm_id
    alarm.event.ConditionName = "Overheated"
    alarm.event.SourceName = "Oven"
    alarm.event.Severity = 700
    setattr(alarm.event, "EnabledState/Id", True)

    async def say(active, acked):
        setattr(alarm.event, "ActiveState/Id", active)
        setattr(alarm.event, "AckedState/Id", acked)
        alarm.event.Retain = active or not acked
        await alarm.trigger(message="Chamber too hot")

    @uamethod
    async def acknowledge(parent, event_id, comment):
        if event_id != alarm.event.EventId.Value:
            return ua.StatusCode(ua.StatusCodes.BadEventIdUnknown)
        alarm.event.Comment = comment
        await say(getattr(alarm.event, "ActiveState/Id"), True)
        return ua.StatusCode()

    method = ua.NodeId(ua.ObjectIds.AcknowledgeableConditionType_Acknowledge)
    server.link_method(server.get_node(method), acknowledge)
    async with server:
        print(f"ready {port}", flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_event_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := (await reader.readline()).decode().strip():
            name, value = line.split()
            if name == "alarm":
                await say(value == "1", False if value == "1" else getattr(alarm.event, "AckedState/Id"))
                continue
            await nodes[name].write_value(ua.Variant(float(value), ua.VariantType.Double))

asyncio.run(main())
`;

export interface AsyncuaServer {
  readonly url: string;
  set(name: string, value: number): void;
  /** Its one alarm comes, or goes. */
  alarm(active: boolean): void;
  stop(): Promise<void>;
}

export interface Asyncua {
  readonly version: string;
  start(): Promise<AsyncuaServer>;
  /** Removes the environment again. */
  remove(): Promise<void>;
}

/** Finds or installs the peer. @returns undefined when neither Python nor the registry can be reached */
export async function findAsyncua(): Promise<Asyncua | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-asyncua-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const print = "import importlib.metadata as m; import asyncua; print(m.version('asyncua'))";
  const versionOf = async (python: string): Promise<string> =>
    (await run(python, ["-c", print])).stdout.trim();
  const install = async (): Promise<{ readonly python: string; readonly version: string }> => {
    const environment = join(folder, "environment");
    await run("python3", ["-m", "venv", environment], { timeout: installMsMax });
    const python = join(environment, "bin", "python");
    const options = ["--quiet", "--disable-pip-version-check", "--retries", "1"];
    await run(python, ["-m", "pip", "install", ...options, "asyncua"], { timeout: installMsMax });
    return { python, version: await versionOf(python) };
  };
  try {
    const found = await versionOf("python3").then(
      (version) => ({ python: "python3", version }),
      () => install(),
    );
    return { version: found.version, start: () => start(found.python, folder), remove };
  } catch {
    await remove();
    return undefined;
  }
}

async function start(python: string, folder: string): Promise<AsyncuaServer> {
  const own = await mkdtemp(join(folder, "server-"));
  const child = spawn(python, ["-c", program, own], { stdio: ["pipe", "pipe", "inherit"] });
  const port = await firstLine(child);
  return {
    url: `opc.tcp://127.0.0.1:${port}/`,
    set(name, value) {
      child.stdin.write(`${name} ${value}\n`);
    },
    alarm(active) {
      child.stdin.write(`alarm ${active ? 1 : 0}\n`);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => {
      reject(new Error(`the asyncua server ended with ${String(code)}`));
    });
    if (child.stdout === null) return;
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith("ready ")) resolve(line.slice("ready ".length));
    });
  });
}
