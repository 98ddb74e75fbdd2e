/** Executions that wait together travel as one batch. */
import { areEnough, batchOf, type Execution, HELD_UP_MS, MANY, type Outcome, outcomesOf, takenFrom } from "./batching.js";
import { type Calls, type CallOptions, Failure, noneInTime } from "./calling.js";
import { LotkeeperError } from "./errors.js";
import {
  type ExecuteInventoryOperationRequest,
  type ExecuteInventoryOperationResponse,
  InventoryOperationService,
} from "./gen/lotkeeper/inventory/v1/inventory_operation_service_pb.js";
import type { OpenCall } from "./open-calls.js";

const { executeInventoryOperation, batchExecuteInventoryOperations } = InventoryOperationService.method;

/** An execution while it waits. */
interface Waiting extends Execution {
  /** Ends the waiting; what comes after the first time is ignored. */
  readonly settle: (outcome: Outcome) => void;
  batch: Batch | undefined;
}

/** What travels together. */
interface Batch {
  readonly executions: readonly Waiting[];
  /** How many of them nobody has left yet. */
  waitedFor: number;
  readonly call: OpenCall;
}

/** While an execution is under way, those that come wait, and then travel together; one alone goes at once. */
export class Coalescing {
  readonly #waiting: Waiting[] = [];
  #travelling = 0;
  #batches = 0;
  #heldUp: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly calls: Calls) {}

  /** The answer to a request that has a request id. Throws a LotkeeperError. */
  async execute(
    request: ExecuteInventoryOperationRequest,
    options: CallOptions,
  ): Promise<ExecuteInventoryOperationResponse> {
    const attempts = this.calls.attempts(options, "yes");
    const call = this.calls.open.begin(options.signal);
    try {
      for (;;) {
        const outcome = await this.#outcome({ request, attempts }, call);
        switch (outcome.kind) {
          case "answer":
            return outcome.response;
          case "over":
            throw outcome.error;
          case "alone":
            return await this.calls.unary(executeInventoryOperation, request, attempts, undefined);
          case "failure":
            await call.wait(attempts.pauseMs(outcome.failure.error, outcome.failure.wasUnsent));
        }
      }
    } finally {
      call.end();
    }
  }

  async #outcome(execution: Execution, call: OpenCall): Promise<Outcome> {
    call.check();
    if (this.#travelling > 0) return this.#joined(execution, call);
    this.#travelling += 1;
    this.#batches += 1;
    try {
      return await this.#alone(execution, call);
    } finally {
      this.#handOver(1);
    }
  }

  async #alone({ request, attempts }: Execution, call: OpenCall): Promise<Outcome> {
    const answer = await this.calls.attempt(executeInventoryOperation, request, attempts, undefined, call);
    return answer instanceof Failure ? { kind: "failure", failure: answer } : { kind: "answer", response: answer };
  }

  /** Waits for others. One alone may be a single call, whose deadline its transport keeps; here each has its own. */
  async #joined(execution: Execution, call: OpenCall): Promise<Outcome> {
    let waiting: Waiting | undefined;
    const leave = (): void => {
      waiting?.settle({ kind: "over", error: call.signal.reason as LotkeeperError });
    };
    const deadline = setTimeout(() => waiting?.settle({ kind: "over", error: noneInTime() }), execution.attempts.leftMs());
    call.signal.addEventListener("abort", leave, { once: true });
    try {
      return await new Promise<Outcome>((settle) => {
        waiting = { ...execution, settle, batch: undefined };
        this.#join(waiting);
      });
    } finally {
      clearTimeout(deadline);
      call.signal.removeEventListener("abort", leave);
      if (waiting !== undefined) this.#leave(waiting);
    }
  }

  #join(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#batches === 1 && areEnough(this.#waiting.length, this.#travelling)) this.#send();
    if (this.#waiting.length > 0) this.#heldUp ??= setTimeout(this.#holdUpNoMore, HELD_UP_MS);
  }

  /** Once nobody waits for a batch any more, it is not waited for either. */
  #leave(waiting: Waiting): void {
    const { batch } = waiting;
    if (batch === undefined) {
      const place = this.#waiting.indexOf(waiting);
      if (place >= 0) this.#waiting.splice(place, 1);
      return;
    }
    batch.waitedFor -= 1;
    if (batch.waitedFor === 0) batch.call.abort(new LotkeeperError("CANCELLED", "nobody waits for it any more"));
  }

  /** Those that have waited long enough for others go without. */
  readonly #holdUpNoMore = (): void => {
    this.#heldUp = undefined;
    if (this.#waiting.length > 0) this.#send();
  };

  /** After a batch of so many: sends those that wait. */
  #handOver(arrived: number): void {
    this.#batches -= 1;
    const left = this.#travelling - arrived;
    if (this.#waiting.length > 0 && (left < MANY || areEnough(this.#waiting.length, left))) this.#send();
    this.#travelling -= arrived;
    if (this.#batches === 1 && areEnough(this.#waiting.length, this.#travelling)) this.#send();
  }

  #send(): void {
    const executions = takenFrom(this.#waiting, this.#travelling);
    this.#travelling += executions.length;
    this.#batches += 1;
    clearTimeout(this.#heldUp);
    this.#heldUp = this.#waiting.length > 0 ? setTimeout(this.#holdUpNoMore, HELD_UP_MS) : undefined;
    let call: OpenCall;
    try {
      call = this.calls.open.begin(undefined);
    } catch (error) {
      this.#handOver(executions.length); // the client is closed, which ends each by itself
      for (const one of executions) one.settle({ kind: "over", error: error as LotkeeperError });
      return;
    }
    const batch: Batch = { executions, waitedFor: executions.length, call };
    for (const one of executions) one.batch = batch;
    void this.#sent(batch);
  }

  /** Sends a batch, and tells all that wait what came of it. */
  async #sent(batch: Batch): Promise<void> {
    const { executions, call } = batch;
    let outcomes: Outcome[];
    try {
      outcomes = await this.#outcomes(executions, call);
    } catch (error) {
      const own = error instanceof LotkeeperError ? error : new LotkeeperError("UNKNOWN", String(error), { cause: error });
      outcomes = executions.map(() => ({ kind: "over", error: own.saying(own.rawMessage, own.fieldViolations) }));
    } finally {
      call.end();
    }
    executions.forEach((one, place) => {
      const outcome = outcomes[place];
      if (outcome !== undefined) one.settle(outcome);
    });
  }

  async #outcomes(executions: readonly Waiting[], call: OpenCall): Promise<Outcome[]> {
    try {
      const [first, ...others] = executions;
      if (first === undefined) return [];
      if (others.length === 0) return [await this.#alone(first, call)];
      const attempts = others.reduce(
        (latest, one) => (one.attempts.deadline > latest.deadline ? one.attempts : latest),
        first.attempts,
      );
      const batch = batchOf(executions);
      const answer = await this.calls.attempt(batchExecuteInventoryOperations, batch, attempts, undefined, call);
      return outcomesOf(answer, executions);
    } finally {
      this.#handOver(executions.length);
    }
  }
}
