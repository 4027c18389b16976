import type { Bench } from "./bench.ts";
import { bench as codec } from "./codec.ts";
import { bench as detectScale } from "./detect-scale.ts";
import { bench as drain } from "./drain.ts";
import { bench as e2e } from "./e2e.ts";
import { bench as edge10k } from "./edge-10k.ts";
import { bench as edgePipeline } from "./edge-pipeline.ts";
import { bench as growth } from "./growth.ts";
import { bench as history } from "./history.ts";
import { bench as hubIngest } from "./hub-ingest.ts";
import { bench as journal } from "./journal.ts";
import { bench as modelBank } from "./model-bank.ts";
import { bench as nab } from "./nab.ts";
import { bench as outagePeers } from "./outage-peers.ts";
import { bench as pipelineFull } from "./pipeline-full.ts";
import { bench as plantFaults } from "./plant-faults.ts";
import { bench as publish } from "./publish.ts";
import { bench as recover } from "./recover.ts";
import { bench as rules } from "./rules.ts";
import { bench as skab } from "./skab.ts";
import { bench as start } from "./start.ts";
import { bench as swap } from "./swap.ts";
import { bench as stats } from "./stats.ts";
import { bench as tep } from "./tep.ts";
import { bench as tiers } from "./tiers.ts";
import { bench as uplink } from "./uplink.ts";

/** Every bench, in the order in which `make bench` runs them. */
export const benches: readonly Bench[] = [
  codec,
  journal,
  tiers,
  edgePipeline,
  edge10k,
  start,
  recover,
  e2e,
  publish,
  uplink,
  drain,
  outagePeers,
  hubIngest,
  history,
  growth,
  rules,
  skab,
  nab,
  tep,
  modelBank,
  swap,
  detectScale,
  pipelineFull,
  stats,
  plantFaults,
];
