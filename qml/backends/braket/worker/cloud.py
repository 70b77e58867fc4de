# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
"""Tasks of Amazon Braket through AWS's own clients, one request a question, none repeated below us."""

import json
import os
from datetime import UTC, datetime, timedelta

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from braket.aws import AwsDevice, AwsSession
from braket.ir.openqasm import Program
from braket.program_sets import ProgramSet
from braket.schema_common import BraketSchemaBase
from braket.task_result import GateModelTaskResult, ProgramSetTaskResult
from braket.tasks import GateModelQuantumTaskResult, ProgramSetQuantumTaskResult
from local import measured, programs_of
from pydantic.v1 import ValidationError
from refusals import RefusedError, kind_of

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=10, read_timeout=60)
KEPT_DAYS = 90  # Braket forgets tasks that are older
TAG = "qml"


class Cloud:
    """One account and region."""

    def __init__(self, profile, region):
        self.profile, self.region = profile, region
        self.session = boto3.Session(profile_name=profile, region_name=region)
        endpoint = os.environ.get("BRAKET_ENDPOINT")
        self.client = self.session.client("braket", config=ONCE, endpoint_url=endpoint)
        self.s3 = self.session.client("s3", config=ONCE)
        self.devices = {}
        self.token = None
        self.client.meta.events.register("provide-client-params.braket.CreateQuantumTask", self._named)

    def _named(self, params, **_):
        """Our own clientToken in place of the random one, so that the same submission is the same task."""
        return {**params, "clientToken": self.token} if self.token else params

    def asked(self, name, asked, arrays):
        """The answer to one question, and its arrays."""
        answer = getattr(self, f"do_{name}")(asked, arrays)
        return answer if isinstance(answer, tuple) else (answer, {})

    def do_device(self, asked, _):
        """Properties of a device, as its JSON says."""
        try:
            found = self.client.get_device(deviceArn=asked["arn"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in ("ResourceNotFoundException", "ValidationException"):
                raise
            raise RefusedError("config", f"the device {asked['arn']}: {error}") from error
        kept = ("deviceArn", "deviceName", "providerName", "deviceType", "deviceStatus")
        return {**{name: found.get(name) for name in kept}, "properties": _parsed(found["deviceCapabilities"])}

    def do_submit(self, asked, arrays):
        """Create one task of all bindings and texts; its ARN."""
        programs = programs_of(asked["texts"], asked["names"], arrays["values"])
        if asked["program_set"]:
            what, shots = ProgramSet(programs, shots_per_executable=asked["shots"]), None
        else:
            (program,) = programs
            inputs = {name: values[0] for name, values in (program.inputs or {}).items()}
            what, shots = Program(source=program.source, inputs=inputs or None), asked["shots"]
        bucket, prefix = self._place(asked["s3"])
        device = self._device(asked["arn"])
        self.token = asked["token"]
        try:
            task = device.run(
                what,
                (bucket, prefix),
                shots=shots,
                tags={TAG: asked["token"], **asked["tags"]},
                reservation_arn=asked["reservation"],
            )
        finally:
            self.token = None
        return {"task": task.id}

    def _device(self, arn):
        """The SDK's device; made once, for it asks for the properties."""
        if arn not in self.devices:
            try:
                session = AwsSession(boto_session=self.session, braket_client=self.client)
                self.devices[arn] = AwsDevice(arn, session)
            except (BotoCoreError, ClientError) as error:
                raise RefusedError(_before(error), f"the device {arn} was not described: {error}") from error
        return self.devices[arn]

    def _place(self, s3):
        """Bucket and prefix of results; the account's own bucket for Braket where none is named."""
        if s3:
            bucket, _, prefix = s3.removeprefix("s3://").partition("/")
            return bucket, prefix or "tasks"
        try:
            account = self.session.client("sts", config=ONCE).get_caller_identity()["Account"]
        except (BotoCoreError, ClientError) as error:
            raise RefusedError(_before(error), f"the account was not told: {error}") from error
        return f"amazon-braket-{self.session.region_name}-{account}", "tasks"

    def do_find(self, asked, _):
        """ARNs of the tasks of a tag, the oldest first."""
        since = datetime.now(UTC) - timedelta(days=KEPT_DAYS)
        filters = [
            {"name": "deviceArn", "operator": "EQUAL", "values": [asked["arn"]]},
            {"name": "createdAt", "operator": "GTE", "values": [since.isoformat()]},
        ]
        found, more = [], {}
        while True:
            page = self.client.search_quantum_tasks(filters=filters, maxResults=100, **more)
            tasks = page["quantumTasks"]
            found += [
                (t["createdAt"], t["quantumTaskArn"]) for t in tasks if t.get("tags", {}).get(TAG) == asked["tag"]
            ]
            if not page.get("nextToken"):
                return {"tasks": [arn for _, arn in sorted(found)]}
            more = {"nextToken": page["nextToken"]}

    def do_task(self, asked, _):
        """Where a task is: status, reason of a failure, shots, place in the queue."""
        found = self.client.get_quantum_task(quantumTaskArn=asked["task"], additionalAttributeNames=["QueueInfo"])
        kept = (
            "status",
            "failureReason",
            "shots",
            "numSuccessfulShots",
            "outputS3Bucket",
            "outputS3Directory",
            "queueInfo",
            "tags",
        )
        return {name: found.get(name) for name in kept}

    def do_cancel(self, asked, _):
        """Ask that a task be stopped; one that has ended stays."""
        try:
            self.client.cancel_quantum_task(quantumTaskArn=asked["task"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in ("ConflictException", "ValidationException"):
                raise
        return {}

    def do_result(self, asked, _):
        """Outcomes of all bindings, as `measured` gives them, with plain facts of the run."""
        found = self.do_task(asked, _)
        key = f"{found['outputS3Directory']}/results.json"
        text = self.s3.get_object(Bucket=found["outputS3Bucket"], Key=key)["Body"].read()
        entries, facts = self._entries(text)
        if not entries or len(entries) % asked["texts"]:
            raise RefusedError("job", f"{len(entries)} results came for {asked['texts']} texts")
        if failed := [entry for entry in entries if getattr(entry, "measurements", None) is None]:
            raise RefusedError("job", f"{len(failed)} of {len(entries)} circuits failed on the device")
        return {"facts": facts, "shots": found["shots"]}, measured(entries, asked["texts"])

    def _entries(self, text):
        """One object with `measurements` and `measured_qubits` a circuit, and facts."""
        try:
            result = BraketSchemaBase.parse_raw_schema(text)
            if isinstance(result, ProgramSetTaskResult):
                boto3.setup_default_session(profile_name=self.profile, region_name=self.region)  # reads parts from S3
                whole = ProgramSetQuantumTaskResult.from_object(result)
                return [entry for part in whole.entries for entry in part.entries], _facts(whole.task_metadata)
            if isinstance(result, GateModelTaskResult):
                whole = GateModelQuantumTaskResult.from_object(result)
                return [whole], _facts(result.taskMetadata)
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError, ImportError, IndexError) as error:
            raise RefusedError(
                "job", f"the result cannot be read: {type(error).__name__}: {str(error)[:300]}"
            ) from error
        raise RefusedError("job", f"the result is a {type(result).__name__}, no result of gates")


def _facts(metadata):
    """Plain facts of a run."""
    kept = ("id", "deviceId", "requestedShots", "successfulShots", "shots", "createdAt", "endedAt")
    plain = json.loads(metadata.json())
    return {name: plain[name] for name in kept if plain.get(name) is not None}


def _parsed(text):
    """JSON of a device's properties."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise RefusedError("job", f"the properties of the device are no JSON: {error}") from error


def _before(error):
    """The kind of an error that came before anything was submitted."""
    return kind_of(error, submitting=False)[0]
