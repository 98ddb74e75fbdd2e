"""Rust."""

from __future__ import annotations

import shutil
from typing import Final

from tests.contract_in_languages.workshop import Workshop

PROST: Final = "0.14"
TONIC: Final = "0.14"
CALLER: Final = """include!(concat!(env!("OUT_DIR"), "/all.rs"));

use lotkeeper::inventory::v1;

pub fn asked() -> v1::ExecuteInventoryOperationRequest {
    v1::ExecuteInventoryOperationRequest { quantity: Some(2.5), ..Default::default() }
}

pub fn failed(result: &v1::BatchExecuteResult) -> Option<tonic::Code> {
    match result.result.as_ref()? {
        v1::batch_execute_result::Result::Status(status) => Some(tonic::Code::from_i32(status.code)),
        v1::batch_execute_result::Result::Response(_) => None,
    }
}

pub fn runs(operation: &v1::InventoryOperation) -> bool {
    operation.status() == v1::Status::Running
}

pub type Client<T> = v1::inventory_service_client::InventoryServiceClient<T>;
"""


def rust(workshop: Workshop) -> str:
    """Compiled, as prost and tonic make it of the descriptors, with functions that name what callers name."""
    workshop.needs("cargo")
    room = workshop.room("rust")
    (room / "src").mkdir()
    shutil.copy(workshop.protoset(), room / "contract.binpb")
    (room / "Cargo.toml").write_text(
        '[package]\nname = "made"\nversion = "0.1.0"\nedition = "2021"\n\n'
        f'[dependencies]\nprost = "{PROST}"\nprost-types = "{PROST}"\ntonic-prost = "{TONIC}"\n'
        f'tonic = {{ version = "{TONIC}", default-features = false, features = ["codegen"] }}\n\n'
        f'[build-dependencies]\nprost = "{PROST}"\nprost-types = "{PROST}"\ntonic-prost-build = "{TONIC}"\n'
    )
    (room / "build.rs").write_text(
        "use prost::Message;\n\nfn main() {\n"
        '    let bytes = std::fs::read("contract.binpb").unwrap();\n'
        "    let set = prost_types::FileDescriptorSet::decode(&bytes[..]).unwrap();\n"
        "    let made = tonic_prost_build::configure().build_transport(false);\n"
        '    made.include_file("all.rs").compile_fds(set).unwrap();\n}\n'
    )
    (room / "src/lib.rs").write_text(CALLER)
    workshop.run("cargo", "check", "--quiet", cwd=room, CARGO_TARGET_DIR=str(workshop.tools / "cargo"))
    return "compiled"
