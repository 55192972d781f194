//! Tags by the hundred: how they are cut, which line they are of, how they are ordered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// `version · line · family`, or the class if there is no version, and then the family.
fn reading(text: &str) -> String {
    let tag = Tag::parse(text);
    let (line, family) = (tag.line_form(), tag.family_form());
    match (tag.class(), tag.version()) {
        (Class::Version, Some(version)) => format!("{version} · {line} · {family}"),
        (Class::Date, Some(version)) => format!("date {version} · {line} · {family}"),
        (class, None) => format!("{class:?} · {family}"),
        (class, Some(version)) => panic!("{class:?} has the version {version}"),
    }
}

fn assert_readings(expected: &[(&str, &str)]) {
    for (text, expected) in expected {
        assert_eq!(reading(text), *expected, "{text}");
    }
}

#[test]
fn the_common_forms_are_read() {
    assert_readings(&[
        ("3.12", "3.12 · #.# · #.#"),
        ("v1.2.3", "1.2.3 · v#.#.# · v#.#.#"),
        ("3.12-slim-bookworm", "3.12 · #.#-slim-bookworm · #.#-slim-<Debian>"),
        ("28.0-dind", "28.0 · #.#-dind · #.#-dind"),
        ("9.1.0-alpine3.23", "9.1.0 · #.#.#-alpine3.23 · #.#.#-alpine*.*"),
        ("24.0.7-dind-alpine3.18", "24.0.7 · #.#.#-dind-alpine3.18 · #.#.#-dind-alpine*.*"),
        ("3.14-alpine", "3.14 · #.#-alpine · #.#-alpine"),
        ("12.4.1-cudnn-devel-ubuntu22.04", "12.4.1 · #.#.#-cudnn-devel-ubuntu22.04 · #.#.#-cudnn-devel-ubuntu*.*"),
        ("21.0.2_13-jdk-jammy", "21.0.2-13 · #.#.#_#-jdk-jammy · #.#.#_#-jdk-<Ubuntu>"),
        ("8u402-jdk", "8u402 · #u#-jdk · #u#-jdk"),
        ("8.6-990", "8.6-990 · #.#-# · #.#-#"),
        ("10.2-1787204459", "10.2-1787204459 · #.#-# · #.#-#"),
        ("1.2.3-r5", "1.2.3-5 · #.#.#-r# · #.#.#-r#"),
        ("1.2.3-debian-12-r4", "1.2.3-4 · #.#.#-debian-12-r# · #.#.#-debian-*-r#"),
        ("v1.25.16-k3s4", "1.25.16-4 · v#.#.#-k3s# · v#.#.#-k3s#"),
        ("1.27rc2", "1.27-rc2 · #.# · #.#"),
        ("3.15.0a2-slim-trixie", "3.15.0-alpha2 · #.#.#-slim-trixie · #.#.#-slim-<Debian>"),
        ("3.0.0-rc.0", "3.0.0-rc0 · #.#.# · #.#.#"),
        ("R2026a", "2026a · R#<a> · R#<a>"),
        (
            "RELEASE.2025-09-07T16-13-09Z",
            "date 2025-09-07-16-13-09 · RELEASE.<date>-<date>-<date>T<date>-<date>-<date>Z · RELEASE.<date>-<date>-<date>T<date>-<date>-<date>Z",
        ),
        ("2026-08-10", "date 2026-08-10 · <date>-<date>-<date> · <date>-<date>-<date>"),
        ("20240807", "date 20240807 · <date> · <date>"),
        ("bookworm-slim", "Name · <Debian>-slim"),
        ("jammy-20240111", "date 20240111 · jammy-<date> · <Ubuntu>-<date>"),
        ("pg16", "16 · pg# · pg#"),
        ("version-4.0.15.2941", "4.0.15.2941 · version-#.#.#.# · version-#.#.#.#"),
        (
            "build-linux-aarch64-deps-2026-01-13",
            "date 2026-01-13 · build-linux-aarch64-deps-<date>-<date>-<date> · build-linux-aarch64-deps-<date>-<date>-<date>",
        ),
        ("ruby-3.4-centos-g1a2b3c4", "Hash · ruby-3.4-centos-g1a2b3c4"),
        ("latest", "Name · latest"),
        ("stable", "Name · stable"),
        ("edge", "Name · edge"),
        ("1a2b3c4d", "Hash · 1a2b3c4d"),
    ]);
}

#[test]
fn numbers_are_parts_of_the_version_or_of_a_word() {
    assert_readings(&[
        ("3", "3 · # · #"),
        ("24.04", "24.04 · #.# · #.#"),
        ("4.07", "4.07 · #.# · #.#"),
        ("2024.1.0", "2024.1.0 · #.#.# · #.#.#"),
        ("1.2.3.4.5.6.7", "1.2.3.4.5.6.7 · #.#.#.#.#.#.# · #.#.#.#.#.#.#"),
        ("1.2.3.4.5.6.7.8", "Name · 1.2.3.4.5.6.7.8"),
        ("V1.2", "1.2 · V#.# · V#.#"),
        ("1.x", "1 · #.x · #.x"),
        ("3.12.x", "3.12 · #.#.x · #.#.x"),
        ("1.2.3.", "1.2.3 · #.#.#. · #.#.#."),
        ("..1", "1 · ..# · ..#"),
        ("-1", "1 · -# · -#"),
        ("_", "Name · _"),
        ("1_2_3", "1-2.3 · #_#_# · #_#_#"),
        ("1809", "1809 · # · #"),
        ("1.99999999999999999999", "Name · 1.99999999999999999999"),
        ("99999999999999999999", "Name · 99999999999999999999"),
        ("999999999999999999", "999999999999999999 · # · #"),
        ("3.9b", "3.9b · #.#<a> · #.#<a>"),
        ("1.1.1w", "1.1.1w · #.#.#<a> · #.#.#<a>"),
        ("1.1.1W", "1.1.1w · #.#.#<A> · #.#.#<A>"),
        ("7zip", "Name · 7zip"),
        ("v2ray", "Name · v2ray"),
        ("20H2", "Name · 20H2"),
        ("php8.2-fpm", "8.2 · php#.#-fpm · php#.#-fpm"),
        ("python3.11-nodejs20-slim", "3.11 · python#.#-nodejs20-slim · python#.#-nodejs*-slim"),
        ("lts-jdk17", "17 · lts-jdk# · lts-jdk#"),
        ("jdk17-alpine", "17 · jdk#-alpine · jdk#-alpine"),
        ("alpine-v16.8.0", "16.8.0 · alpine-v#.#.# · alpine-v#.#.#"),
        ("alpine-1.2.3", "1.2.3 · alpine-#.#.# · alpine-#.#.#"),
        ("arm64v8-1.2.3", "1.2.3 · arm64v8-#.#.# · arm64v8-#.#.#"),
        ("1.7.0-x86_64", "1.7.0 · #.#.#-x86_64 · #.#.#-x86_64"),
        ("1.7.0-linux-amd64", "1.7.0 · #.#.#-linux-amd64 · #.#.#-linux-amd64"),
        ("pr-123", "Name · pr-123"),
    ]);
}

#[test]
fn pre_releases_are_told_from_variants() {
    assert_readings(&[
        ("3.13.0rc1-slim", "3.13.0-rc1 · #.#.#-slim · #.#.#-slim"),
        ("3.5.0b3", "3.5.0-beta3 · #.#.# · #.#.#"),
        ("18beta1-alpine3.21", "18-beta1 · #-alpine3.21 · #-alpine*.*"),
        ("2.0.0-alpha2", "2.0.0-alpha2 · #.#.# · #.#.#"),
        ("2.0.0-RC1", "2.0.0-rc1 · #.#.# · #.#.#"),
        ("8.1.25RC1-fpm", "8.1.25-rc1 · #.#.#-fpm · #.#.#-fpm"),
        ("9.4-beta2", "9.4-beta2 · #.# · #.#"),
        ("3.17.0_rc1", "3.17.0-rc1 · #.#.# · #.#.#"),
        ("3.15.0-rc.4", "3.15.0-rc4 · #.#.# · #.#.#"),
        ("1.20-rc-alpine3.16", "1.20-rc · #.#-alpine3.16 · #.#-alpine*.*"),
        ("5.0-rc3-32bit-stretch", "5.0-rc3 · #.#-32bit-stretch · #.#-32bit-<Debian>"),
        ("3.5.0-preview1", "3.5.0-preview1 · #.#.# · #.#.#"),
        ("3.7.0-ea.1", "3.7.0-preview1 · #.#.# · #.#.#"),
        ("24-ea-36-jdk-slim-bookworm", "24-preview36 · #-jdk-slim-bookworm · #-jdk-slim-<Debian>"),
        (
            "22-ea-3-windowsservercore-ltsc2022",
            "22-preview3 · #-windowsservercore-ltsc2022 · #-windowsservercore-ltsc2022",
        ),
        ("21-rc-jdk", "21-rc · #-jdk · #-jdk"),
        ("18.09.0-ce-tp4", "18.09.0-preview4 · #.#.#-ce · #.#.#-ce"),
        ("17.06.2-ce-rc1-dind", "17.06.2-rc1 · #.#.#-ce-dind · #.#.#-ce-dind"),
        ("5.7.5-m15", "5.7.5-preview15 · #.#.# · #.#.#"),
        ("5.7.8-rc", "5.7.8-rc · #.#.# · #.#.#"),
        ("8.0-M02-alpine3.21", "8.0-preview2 · #.#-alpine3.21 · #.#-alpine*.*"),
        ("8.2-m01", "8.2-preview1 · #.# · #.#"),
        (
            "4.0.0-rc-4-eclipse-temurin-17-noble",
            "4.0.0-rc4 · #.#.#-eclipse-temurin-17-noble · #.#.#-eclipse-temurin-*-<Ubuntu>",
        ),
        ("11.5.1-ubi9-rc", "11.5.1-rc · #.#.#-ubi9 · #.#.#-ubi*"),
        ("11.8.2-noble-rc", "11.8.2-rc · #.#.#-noble · #.#.#-<Ubuntu>"),
        ("9.0-minimal-beta1", "9.0-beta1 · #.#-minimal · #.#-minimal"),
        ("8.0-enterprise-beta", "8.0-beta · #.#-enterprise · #.#-enterprise"),
        ("17.0.6-al2022-RC-headless", "17.0.6-rc · #.#.#-al2022-headless · #.#.#-al*-headless"),
        ("3.3.0-279.3.beta-sdk", "3.3.0-beta279.3 · #.#.#-sdk · #.#.#-sdk"),
        ("9.0.100-preview.7.24407.12-alpine3.20", "9.0.100-preview7.24407.12 · #.#.#-alpine3.20 · #.#.#-alpine*.*"),
        ("22.06.0-beta.0-cli", "22.06.0-beta0 · #.#.#-cli · #.#.#-cli"),
        ("v1.0.0-beta.392", "1.0.0-beta392 · v#.#.# · v#.#.#"),
        ("4.0.0-rc.1-management", "4.0.0-rc1 · #.#.#-management · #.#.#-management"),
        ("1.0.0.dev3", "1.0.0-dev3 · #.#.# · #.#.#"),
        ("1.0.0.a1", "1.0.0-alpha1 · #.#.# · #.#.#"),
        ("1.0.0rc1.post2", "1.0.0-rc1-2 · #.#.#.post# · #.#.#.post#"),
        ("18a1", "18-alpha1 · # · #"),
        ("1.0-a1", "1.0 · #.#-a1 · #.#-a*"),
        ("1.2.3-dev.5", "1.2.3-dev5 · #.#.# · #.#.#"),
        ("3.12-dev", "3.12 · #.#-dev · #.#-dev"),
        ("3.12-testing", "3.12 · #.#-testing · #.#-testing"),
        ("1.2.3-SNAPSHOT", "1.2.3-dev · #.#.# · #.#.#"),
        ("1.76-nightly", "1.76-dev · #.# · #.#"),
        ("2.0.0-alpha.1.2", "2.0.0-alpha1.2 · #.#.# · #.#.#"),
        ("1.0-rc.1-rc.2", "1.0-rc1-2 · #.#-rc.# · #.#-rc.#"),
        ("1.2.3-developer", "1.2.3 · #.#.#-developer · #.#.#-developer"),
        ("1.2.3-alphabet", "1.2.3 · #.#.#-alphabet · #.#.#-alphabet"),
        ("1.12.1-experimental", "1.12.1 · #.#.#-experimental · #.#.#-experimental"),
        ("v1.30.1-rc1-k3s1-amd64", "1.30.1-rc1-1 · v#.#.#-k3s#-amd64 · v#.#.#-k3s#-amd64"),
    ]);
}

#[test]
fn builds_are_counted() {
    assert_readings(&[
        ("8u402-b06-jdk", "8u402-6 · #u#-b#-jdk · #u#-b#-jdk"),
        ("6b38-jdk", "6-38 · #b#-jdk · #b#-jdk"),
        ("9-b151-jdk", "9-151 · #-b#-jdk · #-b#-jdk"),
        ("9.0.1-11-jdk-sid", "9.0.1-11 · #.#.#-#-jdk-sid · #.#.#-#-jdk-sid"),
        ("1.9.3-p551-slim", "1.9.3-551 · #.#.#-p#-slim · #.#.#-p#-slim"),
        ("9.6p1", "9.6-1 · #.#p# · #.#p#"),
        ("2022-CU12-ubuntu-22.04", "2022-12 · #-CU#-ubuntu-22.04 · #-CU#-ubuntu-*.*"),
        ("16.8.1-ce.0", "16.8.1-0 · #.#.#-ce.# · #.#.#-ce.#"),
        ("v1.30.1-gke.1234", "1.30.1-1234 · v#.#.#-gke.# · v#.#.#-gke.#"),
        ("v1.28.5-rke2r1", "1.28.5-1 · v#.#.#-rke2r# · v#.#.#-rke2r#"),
        ("v1.28.5-eksbuild.1", "1.28.5-1 · v#.#.#-eksbuild.# · v#.#.#-eksbuild.#"),
        ("1.0.0.post2", "1.0.0-2 · #.#.#.post# · #.#.#.post#"),
        ("4.6.5_v2.0.10-ls332", "4.6.5-332 · #.#.#_v2.0.10-ls# · #.#.#_v*.*.*-ls#"),
        ("v4.0.15.2941-ls123", "4.0.15.2941-123 · v#.#.#.#-ls# · v#.#.#.#-ls#"),
        ("5.2.3-r0-ls123", "5.2.3-0.123 · #.#.#-r#-ls# · #.#.#-r#-ls#"),
        ("16-3.4-alpine", "16 · #-3.4-alpine · #-*.*-alpine"),
        ("3.9.1-alpine-1", "3.9.1-1 · #.#.#-alpine-# · #.#.#-alpine-#"),
        ("3.9.1-slim-2", "3.9.1-2 · #.#.#-slim-# · #.#.#-slim-#"),
        ("8.5-20211112", "8.5-20211112 · #.#-<date> · #.#-<date>"),
        ("8.5-minimal-20211112", "8.5-20211112 · #.#-minimal-<date> · #.#-minimal-<date>"),
        ("10-kitten-20250411", "10-20250411 · #-kitten-<date> · #-kitten-<date>"),
        ("1.2.3-2024-01-13", "1.2.3-2024.1.13 · #.#.#-<date>-<date>-<date> · #.#.#-<date>-<date>-<date>"),
        ("1.2.3-jammy-20240111", "1.2.3-20240111 · #.#.#-jammy-<date> · #.#.#-<Ubuntu>-<date>"),
    ]);
}

#[test]
fn variants_have_versions() {
    assert_readings(&[
        ("21.0.2_13-jdk-ubi9-minimal", "21.0.2-13 · #.#.#_#-jdk-ubi9-minimal · #.#.#_#-jdk-ubi*-minimal"),
        ("17.0.4_8-jdk-alpine-3.21", "17.0.4-8 · #.#.#_#-jdk-alpine-3.21 · #.#.#_#-jdk-alpine-*.*"),
        ("8u302-b08-jdk-centos7", "8u302-8 · #u#-b#-jdk-centos7 · #u#-b#-jdk-centos*"),
        ("3.9.4-amazoncorretto-11-al2023", "3.9.4 · #.#.#-amazoncorretto-11-al2023 · #.#.#-amazoncorretto-*-al*"),
        ("3.2.5-jdk-7u65", "3.2.5 · #.#.#-jdk-7u65 · #.#.#-jdk-*u*"),
        ("8.14.2-jdk-21-and-24-graal", "8.14.2 · #.#.#-jdk-21-and-24-graal · #.#.#-jdk-*-and-*-graal"),
        ("2.1.0-cuda12.1-cudnn8-runtime", "2.1.0 · #.#.#-cuda12.1-cudnn8-runtime · #.#.#-cuda*.*-cudnn*-runtime"),
        ("2.14.2-pg16", "2.14.2 · #.#.#-pg16 · #.#.#-pg*"),
        ("2.447-jdk17", "2.447 · #.#-jdk17 · #.#-jdk*"),
        ("6.5-php8.2-apache", "6.5 · #.#-php8.2-apache · #.#-php*.*-apache"),
        ("6.0.3-rhel-ubi9-slim", "6.0.3 · #.#.#-rhel-ubi9-slim · #.#.#-rhel-ubi*-slim"),
        ("5.9.0-amazonlinux2", "5.9.0 · #.#.#-amazonlinux2 · #.#.#-amazonlinux*"),
        ("1.20-windowsservercore-ltsc2022", "1.20 · #.#-windowsservercore-ltsc2022 · #.#-windowsservercore-ltsc2022"),
        ("1.20-nanoserver-1809", "1.20 · #.#-nanoserver-1809 · #.#-nanoserver-1809"),
        ("1.20-nanoserver-sac2016", "1.20 · #.#-nanoserver-sac2016 · #.#-nanoserver-sac2016"),
        ("7.2-32bit", "7.2 · #.#-32bit · #.#-32bit"),
        ("1.1.0-openj9", "1.1.0 · #.#.#-openj9 · #.#.#-openj9"),
        ("1.0-ubuntu2204", "1.0 · #.#-ubuntu2204 · #.#-ubuntu*"),
        ("1.0-ubuntu22", "1.0 · #.#-ubuntu22 · #.#-ubuntu*"),
        ("1.0-ubuntu-99.99", "1.0 · #.#-ubuntu-99.99 · #.#-ubuntu-*.*"),
        ("1.0-oracle", "1.0 · #.#-oracle · #.#-oracle"),
        ("9.1-oraclelinux9", "9.1 · #.#-oraclelinux9 · #.#-oraclelinux*"),
        ("1.0-jammy-slim", "1.0 · #.#-jammy-slim · #.#-<Ubuntu>-slim"),
    ]);
}

#[test]
fn dates_are_told_from_numbers() {
    assert_readings(&[
        ("2024-08", "date 2024-08 · <date>-<date> · <date>-<date>"),
        ("2024-13", "2024-13 · #-# · #-#"),
        ("20241301", "20241301 · # · #"),
        ("202401021530", "date 202401021530 · <date> · <date>"),
        ("20190331160914", "date 20190331160914 · <date> · <date>"),
        ("20240102T153000Z", "date 20240102.153000 · <date>T<date>Z · <date>T<date>Z"),
        (
            "2025-09-07T16-13",
            "date 2025-09-07-16-13 · <date>-<date>-<date>T<date>-<date> · <date>-<date>-<date>T<date>-<date>",
        ),
        ("base-devel-20210207.0.15200", "date 20210207.0.15200 · base-devel-<date>.#.# · base-devel-<date>.#.#"),
        ("2018.03.0.20200318.1", "2018.03.0.20200318.1 · #.#.#.<date>.# · #.#.#.<date>.#"),
        ("9.1.20221221-minimal", "9.1.20221221 · #.#.<date>-minimal · #.#.<date>-minimal"),
        ("trixie-20260803-slim", "date 20260803 · trixie-<date>-slim · <Debian>-<date>-slim"),
        ("rc-buggy-20240101", "date 20240101 · rc-buggy-<date> · rc-buggy-<date>"),
        ("tip-20260321-trixie", "date 20260321 · tip-<date>-trixie · tip-<date>-<Debian>"),
        ("tip-20250515-alpine3.22", "date 20250515 · tip-<date>-alpine3.22 · tip-<date>-alpine*.*"),
        ("nightly-2024-01-13", "date 2024-01-13 · nightly-<date>-<date>-<date> · nightly-<date>-<date>-<date>"),
        ("1787204459", "1787204459 · # · #"),
    ]);
}

#[test]
fn names_and_hashes_have_no_version() {
    assert_readings(&[
        ("bookworm", "Name · <Debian>"),
        ("slim-bookworm", "Name · slim-<Debian>"),
        ("mainline-alpine3.20-otel", "Name · mainline-alpine*.*-otel"),
        ("alpine3.15", "Name · alpine*.*"),
        ("alpine3.19-v16.8.0", "16.8.0 · alpine3.19-v#.#.# · alpine*.*-v#.#.#"),
        ("alpine-3.18-1.2.3", "1.2.3 · alpine-3.18-#.#.# · alpine-*.*-#.#.#"),
        ("ubuntu-22.04", "Name · ubuntu-*.*"),
        ("debian-12", "Name · debian-*"),
        ("rockylinux9", "Name · rockylinux*"),
        ("centos7.7.1908", "Name · centos*.*.*"),
        ("windowsservercore-1809", "Name · windowsservercore-1809"),
        ("nanoserver1709", "Name · nanoserver1709"),
        ("lts-ubi10", "Name · lts-ubi*"),
        ("32bit-stretch", "Name · 32bit-<Debian>"),
        ("iron-slim", "Name · iron-slim"),
        ("x86_64", "Name · x86_64"),
        ("sha-1234567", "Hash · sha-1234567"),
        (
            "sha256-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.sig",
            "Hash · sha256-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.sig",
        ),
        ("main-abc1234", "Hash · main-abc1234"),
        ("v1.2.3-5-gabcdef1", "Hash · v1.2.3-5-gabcdef1"),
        ("0123456789", "0123456789 · # · #"),
        ("deadbeef", "Hash · deadbeef"),
        ("deadbeefx", "Name · deadbeefx"),
        ("bad", "Name · bad"),
        ("1.2.3+build", "Name · 1.2.3+build"),
        ("3.12||3.13", "Name · 3.12||3.13"),
        ("≥3.12", "Name · ≥3.12"),
        ("été-1", "Name · été-1"),
    ]);
}

#[test]
fn the_images_of_other_publishers_are_read() {
    assert_readings(&[
        ("24.05-py3", "24.05 · #.#-py3 · #.#-py*"),
        ("2.3.0-cuda12.1-cudnn8-devel", "2.3.0 · #.#.#-cuda12.1-cudnn8-devel · #.#.#-cuda*.*-cudnn*-devel"),
        ("12.4.1-cudnn-devel-ubi8", "12.4.1 · #.#.#-cudnn-devel-ubi8 · #.#.#-cudnn-devel-ubi*"),
        ("2.16.1-gpu-jupyter", "2.16.1 · #.#.#-gpu-jupyter · #.#.#-gpu-jupyter"),
        ("2.15.0.post1-gpu", "2.15.0-1 · #.#.#.post#-gpu · #.#.#.post#-gpu"),
        ("x86_64-python-3.11.6", "3.11.6 · x86_64-python-#.#.# · x86_64-python-#.#.#"),
        ("8.0.5-jammy-chiseled-extra", "8.0.5 · #.#.#-jammy-chiseled-extra · #.#.#-<Ubuntu>-chiseled-extra"),
        ("8.0-noble-amd64", "8.0 · #.#-noble-amd64 · #.#-<Ubuntu>-amd64"),
        ("9.0.0-preview.4-azurelinux3.0", "9.0.0-preview4 · #.#.#-azurelinux3.0 · #.#.#-azurelinux*.*"),
        ("6.0.30-cbl-mariner2.0", "6.0.30 · #.#.#-cbl-mariner2.0 · #.#.#-cbl-mariner*.*"),
        ("8.0.300-1-jammy", "8.0.300-1 · #.#.#-#-jammy · #.#.#-#-<Ubuntu>"),
        ("v1.44.0-jammy-arm64", "1.44.0 · v#.#.#-jammy-arm64 · v#.#.#-<Ubuntu>-arm64"),
        (
            "node-20.13.1-chrome-125.0.6422.60-1-ff-126.0-edge-124.0.2478.97-1",
            "20.13.1-1.1 · node-#.#.#-chrome-125.0.6422.60-#-ff-126.0-edge-124.0.2478.97-# · node-#.#.#-chrome-*.*.*.*-#-ff-*.*-edge-*.*.*.*-#",
        ),
        ("125.0-20240517", "125.0-20240517 · #.#-<date> · #.#-<date>"),
        (
            "125.0-chromedriver-125.0-grid-4.21.0-20240517",
            "125.0-20240517 · #.#-chromedriver-125.0-grid-4.21.0-<date> · #.#-chromedriver-*.*-grid-*.*.*-<date>",
        ),
        ("24.0.4-0", "24.0.4-0 · #.#.#-# · #.#.#-#"),
        ("alpine3.19-v16.11.1", "16.11.1 · alpine3.19-v#.#.# · alpine*.*-v#.#.#"),
        ("ubuntu-v16.11.1", "16.11.1 · ubuntu-v#.#.# · ubuntu-v#.#.#"),
        ("17.0.1-ce.0", "17.0.1-0 · #.#.#-ce.# · #.#.#-ce.#"),
        ("6.5.3-php8.3-fpm-alpine", "6.5.3 · #.#.#-php8.3-fpm-alpine · #.#.#-php*.*-fpm-alpine"),
        ("cli-2.10.0-php8.3", "2.10.0 · cli-#.#.#-php8.3 · cli-#.#.#-php*.*"),
        ("10.2.6-php8.3-apache-bookworm", "10.2.6 · #.#.#-php8.3-apache-bookworm · #.#.#-php*.*-apache-<Debian>"),
        ("17.0-20240520", "17.0-20240520 · #.#-<date> · #.#-<date>"),
        ("16-3.4-alpine", "16 · #-3.4-alpine · #-*.*-alpine"),
        ("15-master", "15 · #-master · #-master"),
        ("2.15.0-pg16-oss", "2.15.0 · #.#.#-pg16-oss · #.#.#-pg*-oss"),
        ("pg16.3-ts2.15.0-all", "16.3 · pg#.#-ts2.15.0-all · pg#.#-ts*.*.*-all"),
        ("7.6.1-1-ubi8.arm64", "7.6.1-1 · #.#.#-#-ubi8.arm64 · #.#.#-#-ubi*.arm64"),
        ("0.41.0-kafka-3.7.0", "0.41.0 · #.#.#-kafka-3.7.0 · #.#.#-kafka-*.*.*"),
        ("3.12.2024.05.20.10-x86_64", "3.12.2024.05.20.10 · #.#.#.#.#.#-x86_64 · #.#.#.#.#.#-x86_64"),
        ("477.0.0-alpine", "477.0.0 · #.#.#-alpine · #.#.#-alpine"),
        ("1-3.12-bookworm", "1 · #-3.12-bookworm · #-*.*-<Debian>"),
        ("1.1.9-3.12-bookworm", "1.1.9 · #.#.#-3.12-bookworm · #.#.#-*.*-<Debian>"),
        ("2024.8.0b3", "2024.8.0-beta3 · #.#.# · #.#.#"),
        ("2024.8.0.dev202407310219", "2024.8.0-dev202407310219 · #.#.# · #.#.#"),
        ("amd64-5.2.3", "5.2.3 · amd64-#.#.# · amd64-#.#.#"),
        ("arm64v8-version-5.2.3", "5.2.3 · arm64v8-version-#.#.# · arm64v8-version-#.#.#"),
        ("1.3.1-50_base", "1.3.1-50 · #.#.#-#_base · #.#.#-#_base"),
        ("9.4-949.1716471857", "9.4-949.1716471857 · #.#-#.# · #.#-#.#"),
        ("8.6-990", "8.6-990 · #.#-# · #.#-#"),
        ("21.0.3-21.34", "21.0.3 · #.#.#-21.34 · #.#.#-*.*"),
        ("jre-21.0.3-10-slim-musl", "21.0.3-10 · jre-#.#.#-#-slim-musl · jre-#.#.#-#-slim-musl"),
        ("21.0.3-jdk-ubuntu-jammy", "21.0.3 · #.#.#-jdk-ubuntu-jammy · #.#.#-jdk-ubuntu-<Ubuntu>"),
        ("v1.29.0-eks-1-29-15", "1.29.0-1.29.15 · v#.#.#-eks-#-#-# · v#.#.#-eks-#-#-#"),
        ("slim-2.9.1-python3.11", "2.9.1 · slim-#.#.#-python3.11 · slim-#.#.#-python*.*"),
        ("latest-python3.12", "3.12 · latest-python#.# · latest-python#.#"),
        ("1.0.0-20240520.git.a1b2c3d4", "Hash · 1.0.0-20240520.git.a1b2c3d4"),
        ("noble-20241118.1", "date 20241118-1 · noble-<date> · <Ubuntu>-<date>"),
        ("20240807.1", "date 20240807-1 · <date> · <date>"),
        ("20240807.0.15200", "date 20240807.0.15200 · <date>.#.# · <date>.#.#"),
        ("2.0.0.Beta1", "2.0.0-beta1 · #.#.# · #.#.#"),
        ("2.0.0.CR1", "2.0.0-rc1 · #.#.# · #.#.#"),
        (
            "4.8.1-20240514-windowsservercore-ltsc2022",
            "4.8.1-20240514 · #.#.#-<date>-windowsservercore-ltsc2022 · #.#.#-<date>-windowsservercore-ltsc2022",
        ),
        ("1.25.3-servercore-1809", "1.25.3 · #.#.#-servercore-1809 · #.#.#-servercore-1809"),
        ("servercore-ltsc2022", "Name · servercore-ltsc2022"),
        ("10.4.2-security-01", "10.4.2 · #.#.#-security-01 · #.#.#-security-*"),
        ("v2.9-head", "2.9 · v#.#-head · v#.#-head"),
        ("6.2024.5-jdk21", "6.2024.5 · #.#.#-jdk21 · #.#.#-jdk*"),
        ("v0.1.0-2-gdeadbee1", "Hash · v0.1.0-2-gdeadbee1"),
        ("550e8400-e29b-41d4-a716-446655440000", "Hash · 550e8400-e29b-41d4-a716-446655440000"),
        ("nonroot", "Name · nonroot"),
        ("debug-nonroot-amd64", "Name · debug-nonroot-amd64"),
        ("v20230407", "date 20230407 · v<date> · v<date>"),
        ("v20240513-b90d8a6b", "Hash · v20240513-b90d8a6b"),
        ("1.2.3-4-5", "1.2.3-4.5 · #.#.#-#-# · #.#.#-#-#"),
        ("v1", "1 · v# · v#"),
        ("2024.1", "2024.1 · #.# · #.#"),
        ("5.1.4-1.0.9-ls301", "5.1.4-301 · #.#.#-1.0.9-ls# · #.#.#-*.*.*-ls#"),
        ("latest-amd64", "Name · latest-amd64"),
        ("rawhide", "Name · rawhide"),
        ("1.30.0-1.1", "1.30.0 · #.#.#-1.1 · #.#.#-*.*"),
        ("7.4.2-v1", "7.4.2 · #.#.#-v1 · #.#.#-v*"),
        ("v3.0.0-rc3", "3.0.0-rc3 · v#.#.# · v#.#.#"),
    ]);
}

#[test]
fn a_tag_knows_where_its_parts_stand() {
    for (text, prefix, version, suffix, precision, numbers) in [
        ("3.12", "", "3.12", "", 2, "3 12"),
        ("v3.12.4rc1-slim", "v", "3.12.4rc1", "-slim", 3, "3 12 4"),
        ("3.0.0-rc.0", "", "3.0.0-rc.0", "", 3, "3 0 0"),
        ("21.0.2_13-jdk-alpine-3.21", "", "21.0.2_13", "-jdk-alpine-3.21", 3, "21 0 2 13 3 21"),
        ("1.2.3-debian-12-r4", "", "1.2.3", "-debian-12-r4", 3, "1 2 3 12 4"),
        ("11.5.1-noble-rc", "", "11.5.1", "-noble-rc", 3, "11 5 1"),
        ("8u402-b06-jdk", "", "8u402-b06", "-jdk", 3, "8 402 06"),
        ("R2026a", "R", "2026a", "", 2, "2026 a"),
        ("RELEASE.2025-09-07T16-13-09Z", "RELEASE.", "2025-09-07T16-13-09Z", "", 6, "2025 09 07 16 13 09"),
        ("trixie-20260803-slim", "trixie-", "20260803", "-slim", 1, "20260803"),
        ("12.4.1-cudnn8-devel-ubuntu22.04", "", "12.4.1", "-cudnn8-devel-ubuntu22.04", 3, "12 4 1 8 22 04"),
        ("5.0-32bit", "", "5.0", "-32bit", 2, "5 0"),
        ("bookworm-slim", "", "", "bookworm-slim", 0, ""),
        ("alpine3.23", "", "", "alpine3.23", 0, "3 23"),
        ("", "", "", "", 0, ""),
    ] {
        let tag = Tag::parse(text);
        assert_eq!((tag.prefix(), tag.version_text(), tag.suffix()), (prefix, version, suffix), "{text}");
        assert_eq!(tag.precision(), precision, "{text}");
        let spans: Vec<&str> = tag.number_spans().map(|span| &text[span]).collect();
        assert_eq!(spans.join(" "), numbers, "{text}");
    }
}

#[test]
fn variants_are_words_with_versions() {
    let variants = |text: &str| -> Vec<String> {
        let tag = Tag::parse(text);
        tag.variant()
            .into_iter()
            .map(|variant| {
                assert!(text[variant.span.clone()].starts_with(variant.word), "{text}");
                let numbers: Vec<String> = variant.numbers.iter().map(u64::to_string).collect();
                let distribution = variant.distribution.map(|distribution| format!("({distribution:?})"));
                format!("{}{}{}", variant.word, distribution.unwrap_or_default(), numbers.join("."))
            })
            .collect()
    };
    for (text, expected) in [
        ("3.12", vec![]),
        ("v3.12-slim-bookworm", vec!["slim", "bookworm(Debian)12"]),
        ("12.4.1-cudnn8-devel-ubuntu22.04", vec!["cudnn8", "devel", "ubuntu(Ubuntu)22.4"]),
        ("1.20-nanoserver-ltsc2022", vec!["nanoserver-ltsc2022"]),
        ("jammy-20240111", vec!["jammy(Ubuntu)22.4"]),
        ("alpine3.19-v16.8.0", vec!["alpine(Alpine)3.19"]),
        ("mainline-alpine3.20", vec!["mainline", "alpine(Alpine)3.20"]),
        ("1.2.3-debian-12-r4", vec!["debian(Debian)12"]),
    ] {
        assert_eq!(variants(text), expected, "{text}");
    }
}

#[test]
fn versions_of_a_line_stand_in_order() {
    for line in [
        "1.9 1.10rc2 1.10rc10 1.10 1.11beta1 1.11rc1 1.11",
        "3.15.0.dev1 3.15.0a2 3.15.0a10 3.15.0b1 3.15.0rc1 3.15.0rc10 3.15.0 3.15.1rc1 3.15.1",
        "3.11.0-beta.5-management 3.11.0-rc.1-management 3.11.0-rc.2-management 3.11.0-management 3.11.10-management",
        "18.09.0-ce-tp3 18.09.0-ce-beta1 18.09.0-ce-rc1 18.09.0-ce 18.09.1-ce",
        "8.0-M01 8.0-M04 8.0-rc1 8.0 8.2-m01 8.2",
        "11.4.1-noble-rc 11.4.1-rc2-noble 11.4.1-noble 11.4.2-noble",
        "3.3.0-279.3.beta-sdk 3.3.0-1000.1.beta-sdk 3.3.0-sdk",
        "8u92-b14-jdk 8u102-b13-jdk 8u102-b14-jdk",
        "21.0.2_9-jdk 21.0.2_13-jdk 21.0.10_1-jdk",
        "1.2.3-debian-12-r4 1.2.3-debian-12-r10 1.2.4-debian-12-r0",
        "v1.25.9-k3s2 v1.25.9-k3s10 v1.25.16-rc1-k3s1 v1.25.16-k3s1",
        "R2025b R2026a R2026b",
        "RELEASE.2025-09-07T16-13-09Z RELEASE.2025-09-07T16-13-10Z RELEASE.2025-10-01T00-00-00Z",
        "2026-08-09 2026-08-10 2026-08-28",
        "jammy-20231004 jammy-20240111",
        "10.2-9 10.2-1787204459",
        "20.04 20.10 24.04",
        "4.0.9 4.0.15",
    ] {
        let tags: Vec<Tag> = line.split(' ').map(Tag::parse).collect();
        for (low, lower) in tags.iter().enumerate() {
            for (high, higher) in tags.iter().enumerate() {
                assert_eq!(lower.line(), higher.line());
                assert_eq!(lower.version().unwrap().cmp(higher.version().unwrap()), low.cmp(&high), "{lower} {higher}");
            }
        }
    }
}

#[test]
fn variant_versions_of_a_family_stand_in_order() {
    for family in [
        "9.1-alpine3.9 9.1-alpine3.19 9.1-alpine3.20",
        "3.12-slim-wheezy 3.12-slim-bullseye 3.12-slim-bookworm 3.12-slim-trixie",
        "jammy-20260101 mantic-20231011 noble-20240801",
        "12.4.1-cudnn8-ubuntu18.04 12.4.1-cudnn8-ubuntu22.04 12.4.1-cudnn9-ubuntu20.04",
        "bullseye-slim bookworm-slim",
    ] {
        let tags: Vec<Tag> = family.split(' ').map(Tag::parse).collect();
        let is_sorted = tags
            .is_sorted_by(|low, high| low.family() == high.family() && low.variant_version() < high.variant_version());
        assert!(is_sorted, "{family}");
    }
}

#[test]
fn identities_keep_apart_what_has_no_common_order() {
    for (left, right) in [
        ("3.12", "3.12.1"),
        ("v1.2", "1.2"),
        ("v1.2", "V1.2"),
        ("20240807", "3"),
        ("8.6-990", "8.6"),
        ("8.6-990", "8.6-20240807"),
        ("1.0-r1", "1.0-1"),
        ("1.1.1", "1.1.1a"),
        ("1.1.1a", "1.1.1A"),
        ("3.12-slim", "3.12-alpine"),
        ("9.1-alpine3.9", "9.1-alpine3.19"),
        ("2.0.20240223.0", "2.0.1.0"),
        ("jammy-20240111", "noble-20240111"),
        ("latest", "stable"),
    ] {
        assert_ne!(Tag::parse(left).line(), Tag::parse(right).line(), "{left} {right}");
    }
    for (left, right) in [
        ("9.1-alpine3.9", "9.1-alpine"),
        ("9.1-alpine3.9", "9.1-alpine-3.9"),
        ("9.1-bookworm", "9.1-noble"),
        ("9.1-jammy", "9.1-ubuntu22.04"),
        ("1.0-amd64", "1.0-arm64"),
        ("1.0-nanoserver-1809", "1.0-nanoserver-ltsc2022"),
    ] {
        assert_ne!(Tag::parse(left).family(), Tag::parse(right).family(), "{left} {right}");
    }
}

#[test]
fn steps() {
    let version = |text: &str| Tag::parse(text).version().unwrap().clone();
    for (from, to, expected) in [
        ("1.2.3", "2.0.0", Step::Major),
        ("3", "4", Step::Major),
        ("1.2.3", "1.3.0", Step::Minor),
        ("1.2.3", "1.2.4", Step::Patch),
        ("1.2.3.4", "1.2.3.5", Step::Patch),
        ("1.2.3-rc1", "1.2.3", Step::Build),
        ("1.2.3-r1", "1.2.3-r2", Step::Build),
        ("8u392", "8u402", Step::Patch),
        ("R2025b", "R2026a", Step::Major),
        ("R2026a", "R2026b", Step::Minor),
        ("2025-12-31", "2026-01-01", Step::Minor),
        ("jammy-20231231", "jammy-20240101", Step::Minor),
        ("3.12", "3.12.1", Step::Patch),
    ] {
        assert_eq!(step(&version(from), &version(to)), expected, "{from} {to}");
    }
    let release = version("3.13.2");
    assert_eq!(release.truncate(2), [3, 13]);
    assert_eq!(release.truncate(9), [3, 13, 2]);
    assert_eq!(release.major(), 3);
    assert!(version("3.13.2rc1").same_release(&release));
    assert!(!version("3.13").same_release(&release));
    assert_eq!(version("21.0.2_13-jdk").build(), [13]);
}

#[test]
fn long_and_odd_texts_are_names() {
    for text in ["1".repeat(129), "1a".repeat(64), "1.".repeat(64), "-".repeat(128), "1-".repeat(40), "é".repeat(70)] {
        let tag = Tag::parse(&text);
        assert_eq!(tag.version(), None, "{text}");
        assert_eq!(tag.suffix(), text);
    }
}

/// Texts that look like tags: words of the vocabulary, numbers and separators in any order.
fn tag_like() -> impl Strategy<Value = String> {
    siblings().prop_map(|[first, ..]| first)
}

/// Texts that look like tags and differ in their numbers at most.
fn siblings() -> impl Strategy<Value = [String; 3]> {
    let word = prop::sample::select(vec![
        "v",
        "rc",
        "RC",
        "alpha",
        "beta",
        "a",
        "b",
        "u",
        "r",
        "p",
        "k3s",
        "rke2r",
        "slim",
        "alpine",
        "bookworm",
        "trixie",
        "jammy",
        "ubuntu",
        "debian",
        "jdk",
        "T",
        "Z",
        "ea",
        "windowsservercore",
        "ltsc",
        "32bit",
        "x86",
        "dev",
        "g",
        "sha",
        "x",
    ])
    .prop_map(|word| [word; 3].map(str::to_owned));
    let number = prop_oneof![
        3 => (0..40u32).prop_map(|number| number.to_string()),
        1 => prop::sample::select(vec!["2024", "08", "20240807", "20241118.1", "3.23", "22.04", "949.1716471857", "9999999999999999999"])
            .prop_map(str::to_owned),
    ];
    let numbers = prop::array::uniform3(number);
    let separator =
        prop::sample::select(vec![".", "-", "-", "_", ""]).prop_map(|separator| [separator; 3].map(str::to_owned));
    let parts = prop_oneof![word, numbers.clone(), numbers, separator.clone(), separator];
    prop::collection::vec(parts, 0..12)
        .prop_map(|parts| [0, 1, 2].map(|sibling| parts.iter().map(|part| part[sibling].as_str()).collect()))
}

fn assert_sound(text: &str) {
    let tag = Tag::parse(text);
    assert_eq!(tag.text(), text);
    assert_eq!(format!("{}{}{}", tag.prefix(), tag.version_text(), tag.suffix()), text);
    assert_eq!(tag.version().is_some(), matches!(tag.class(), Class::Version | Class::Date), "{text}");
    assert_eq!(tag.version().is_some(), !tag.version_text().is_empty(), "{text}");
    assert_eq!(tag.line(), Tag::parse(text).line());
    let mut end = 0;
    for span in tag.number_spans() {
        assert!(end <= span.start && span.start < span.end, "{text}");
        assert!(text.get(span.clone()).is_some(), "{text}");
        end = span.end;
    }
    for variant in tag.variant() {
        assert!(text[variant.span].starts_with(variant.word), "{text}");
    }
    // What a message would print.
    let _ = format!("{:?} {} {}", tag.version(), tag.line_form(), tag.family_form());
}

/// Tags of one line have comparable versions, and tags of one family comparable variants.
fn assert_comparable(left: &Tag, right: &Tag) {
    if left.line() == right.line() {
        assert_eq!(left.family(), right.family(), "{left} {right}");
        assert_eq!(left.class(), right.class(), "{left} {right}");
        assert_eq!(left.precision(), right.precision(), "{left} {right}");
        assert_eq!(left.variant_version(), right.variant_version(), "{left} {right}");
        if left.version().is_none() {
            assert_eq!(left.text(), right.text());
        }
    }
    if left.family() == right.family() {
        assert_eq!(left.number_spans().count(), right.number_spans().count(), "{left} {right}");
        let builds = |tag: &Tag| tag.version().map(|version| version.build().len());
        assert!(left.class() == Class::Date || builds(left) == builds(right), "{left} {right}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_tag(text in r"\PC{0,140}") {
        assert_sound(&text);
    }

    #[test]
    fn what_looks_like_a_tag_is_sound(text in tag_like()) {
        assert_sound(&text);
    }

    #[test]
    fn the_order_is_total(siblings in siblings()) {
        let [a, b, c] = siblings.map(|text| Tag::parse(&text));
        for (left, right) in [(&a, &b), (&b, &c), (&a, &c)] {
            assert_comparable(left, right);
        }
        if let (Some(a), Some(b), Some(c)) = (a.version(), b.version(), c.version()) {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert_eq!(a == b, a.cmp(b) == Ordering::Equal);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }

    /// A pre-release is of the line of its release and comes before it, wherever its word stands.
    #[test]
    fn pre_releases_come_before_their_release(
        prefix in "(v|release-)?",
        version in "[1-9][0-9]?(\\.[0-9]{1,2}){1,2}",
        word in "(-rc\\.[0-9]|rc[0-9]{1,2}|-beta[0-9]?|-alpha\\.[0-9]|_rc[0-9]|-M[0-9]{2}|-preview-?[0-9])",
        suffix in "(-slim|-alpine3\\.[0-9]|-jdk-jammy|-r[0-9])?",
    ) {
        let release = Tag::parse(&format!("{prefix}{version}{suffix}"));
        let pre_release = Tag::parse(&format!("{prefix}{version}{word}{suffix}"));
        prop_assert_eq!(release.line(), pre_release.line());
        let (release, pre_release) = (release.version().unwrap(), pre_release.version().unwrap());
        prop_assert!(pre_release < release && pre_release.is_pre_release() && !release.is_pre_release());
        prop_assert!(release.same_release(pre_release));
    }
}

/// The laws at full size, and what the classes come to; run with `--nocapture` to see the counts.
#[test]
#[ignore = "needs the tag lists of the official images"]
fn the_laws_hold_for_the_official_images() {
    let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/official-image-tags.json");
    let lists = std::fs::read_to_string(lists).expect("the tag lists");
    let lists: BTreeMap<String, Vec<String>> = serde_json::from_str(&lists).expect("lists by image");
    for (image, texts) in &lists {
        let tags: Vec<Tag> = texts.iter().map(|text| Tag::parse(text)).collect();
        let mut classes: BTreeMap<String, usize> = BTreeMap::new();
        let mut lines: HashMap<Line, Vec<&Tag>> = HashMap::new();
        let mut families: HashMap<Family, Vec<&Tag>> = HashMap::new();
        for tag in &tags {
            assert_sound(tag.text());
            *classes.entry(format!("{:?}", tag.class())).or_default() += 1;
            if tag.version().is_some_and(Version::is_pre_release) {
                *classes.entry("(pre-release)".to_owned()).or_default() += 1;
            }
            lines.entry(tag.line()).or_default().push(tag);
            families.entry(tag.family()).or_default().push(tag);
        }
        let distinct = |names: &mut dyn Iterator<Item = String>| names.collect::<HashSet<_>>().len();
        assert_eq!(distinct(&mut lines.values().map(|tags| tags[0].line_form())), lines.len(), "{image}");
        assert_eq!(distinct(&mut families.values().map(|tags| tags[0].family_form())), families.len(), "{image}");
        for members in lines.values().chain(families.values()) {
            for pair in members.windows(2) {
                if let [left, right] = pair {
                    assert_comparable(left, right);
                }
            }
        }
        for members in lines.values_mut() {
            members.sort_by_key(|tag| tag.version());
            for pair in members.windows(2) {
                // Equal versions are two spellings of one pre-release, or a moved pre-release word.
                if let [left, right] = pair
                    && left.version() == right.version()
                {
                    assert!(left.version().is_some_and(Version::is_pre_release), "{image}: {left} and {right}");
                }
            }
        }
        println!("{image:17} {:5} tags {:4} lines {:4} families {classes:?}", tags.len(), lines.len(), families.len());
    }
}
