"""Stable codes of problems. A message ends with its code; tests and documents refer to it."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What is wrong, independent of the wording of the message."""

    CONFIG_KEY = "VN-CONFIG-KEY"  # unknown, repeated or missing key of a YAML file
    CONFIG_VALUE = "VN-CONFIG-VALUE"  # a value of the wrong type or outside its range
    CONFIG_YAML = "VN-CONFIG-YAML"  # the file is not valid YAML
    CONFIG_RULE = "VN-CONFIG-RULE"  # values that contradict each other
    CONFIG_FILE = "VN-CONFIG-FILE"  # a folder or file of the language is missing, or in the way
    CONFIG_PATH = "VN-CONFIG-PATH"  # a path that leaves its folder
    CONFIG_CODE = "VN-CONFIG-CODE"  # not a valid language code
    DATA_COLUMN = "VN-DATA-COLUMN"  # a column that the settings name is missing or ambiguous
    DATA_EMPTY = "VN-DATA-EMPTY"  # a file, side or cell without content
    DATA_ENCODING = "VN-DATA-ENCODING"  # bytes that the declared encoding cannot decode
    DATA_FORMAT = "VN-DATA-FORMAT"  # a file that does not have the format its name or settings declare
    DATA_JOIN = "VN-DATA-JOIN"  # parts, sides or identifiers that do not match
    DATA_LABEL = "VN-DATA-LABEL"  # labels that the task does not have, or that contradict
    DATA_LIMIT = "VN-DATA-LIMIT"  # a file or page that exceeds a limit of parsing
    DATA_MISSING = "VN-DATA-MISSING"  # a file or side that does not exist
    DATA_NESTING = "VN-DATA-NESTING"  # a file nested too deeply
    DATA_QUOTING = "VN-DATA-QUOTING"  # a file that parses differently with and without CSV quotes
    DATA_SPLIT = "VN-DATA-SPLIT"  # too few items in a part
    SOURCE_ACCESS = "VN-SOURCE-ACCESS"  # a site or file that refuses access
    SOURCE_BUSY = "VN-SOURCE-BUSY"  # another process is using the source's mirror
    SOURCE_DAMAGED = "VN-SOURCE-DAMAGED"  # stored data that cannot be read
    SOURCE_EMPTY = "VN-SOURCE-EMPTY"  # no source holds text of the kind that is needed
    SOURCE_MISSING = "VN-SOURCE-MISSING"  # a package, file or dataset that is not there
    SOURCE_NETWORK = "VN-SOURCE-NETWORK"  # a download or crawl that failed
    SOURCE_PIN = "VN-SOURCE-PIN"  # content that differs from the recorded checksum or revision
    FILE_NAME = "VN-FILE-NAME"  # a file name that is not UTF-8
    FILE_KIND = "VN-FILE-KIND"  # a link, pipe, socket or device where a regular file is needed
    FILE_SIZE = "VN-FILE-SIZE"  # a file beyond the size limit
    DISK_FULL = "VN-DISK-FULL"
    RESULT_UNREADABLE = "VN-RESULT-UNREADABLE"  # a stage's result that another version wrote
    MODEL_FILES = "VN-MODEL-FILES"  # files of a base model that are missing or in an unsupported format
    MODEL_KIND = "VN-MODEL-KIND"  # a base model or tokenizer that cannot be used in this way
    MODEL_SIBLING = "VN-MODEL-SIBLING"  # an instruct model that was not made from the base
    TRAINING_DIVERGED = "VN-TRAINING-DIVERGED"  # a loss or gradient that is not a number
    TRAINING_PROCESSES = "VN-TRAINING-PROCESSES"  # processes of one training that ended or disagree
    STAGE_INPUT = "VN-STAGE-INPUT"  # an artifact to read is missing, or failed a blocking gate
    STAGE_STOPPED = "VN-STAGE-STOPPED"  # a stage that ended early; running again resumes
    FILE_SYSTEM = "VN-FILE-SYSTEM"  # a file operation that the operating system refuses
    DISK_UNREACHABLE = "VN-DISK-UNREACHABLE"  # a disk that does not respond
    DATABASE_BUSY = "VN-DATABASE-BUSY"  # a database that another program has locked
    RESULT_MISSING = "VN-RESULT-MISSING"  # what a command needs has not been computed yet
    STAGE_BUSY = "VN-STAGE-BUSY"  # another process runs the stage
    COMMAND_ADDRESS = "VN-COMMAND-ADDRESS"  # a host or port that a server cannot use
    COMMAND_NAME = "VN-COMMAND-NAME"  # a command names a model, stage or document that does not exist
    COMMAND_OPTION = "VN-COMMAND-OPTION"  # options of a command that are invalid or contradict each other
    CLUSTER = "VN-CLUSTER"  # a cluster that does not respond, or lost a command
    UI_RESPONSE = "VN-UI-RESPONSE"  # the UI does not respond, ended, or refuses
    TAKEDOWN_HISTORY = "VN-TAKEDOWN-HISTORY"  # a history of runs from which a text could not be removed
    KEY_FILE = "VN-KEY-FILE"  # a signing key or public key that cannot be made, read or used
    RELEASE_LOAD = "VN-RELEASE-LOAD"  # a new release that the libraries do not load
    ENVIRONMENT = "VN-ENVIRONMENT"  # an environment variable with an unusable value
    INSTALLATION = "VN-INSTALLATION"  # an incomplete installation of Vernacular
    PROJECT_MISSING = "VN-PROJECT-MISSING"  # a command outside of any project
    BUG = "VN-BUG"  # an error of Vernacular itself
    MARK_ANSWER = "VN-MARK-ANSWER"  # an answer that cannot be marked
    MARK_LABEL = "VN-MARK-LABEL"  # a correction that is not valid for the task
    WAIVER_GATE = "VN-WAIVER-GATE"  # a gate that is not red, so that there is nothing to waive
    WAIVER_PERSON = "VN-WAIVER-PERSON"  # a waiver without a person or a reason
    WAIVER_ROW = "VN-WAIVER-ROW"  # a row of the file that is not a waiver
    PUBLISH_CHANGED = "VN-PUBLISH-CHANGED"  # a file of the release that changed while it was published
    PUBLISH_HUB = "VN-PUBLISH-HUB"  # the hub refused the upload, or it failed
    PUBLISH_RED = "VN-PUBLISH-RED"  # a release that may not be published, with the reasons
    PUBLISH_REPO = "VN-PUBLISH-REPO"  # not the name of a repository
    PUBLISH_TOKEN = "VN-PUBLISH-TOKEN"  # no token for the hub
    EXPORT_GATE = "VN-EXPORT-GATE"  # an exported model whose answers differ too much from the release's
    EXPORT_KIND = "VN-EXPORT-KIND"  # a model, task or format that cannot be exported in this way
