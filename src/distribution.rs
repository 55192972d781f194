//! The Linux distributions that images are built on: what tags call them, and how their releases follow
//! one another.
//!
//! In: a word of a tag. Out: [`Distribution`], [`Release`], and whether a release is out on a day. Must never
//! know: tags, images, dates of support.
//!
//! Code names and their order are those of <https://www.debian.org/releases/> and
//! <https://wiki.ubuntu.com/Releases>, as collected in Debian's package `distro-info-data`. Names that
//! move from one release to the next (`stable`, `testing`, `sid`, `devel`, `rolling`) have no place in an
//! order and are left out.

use jiff::civil::Date;

/// A distribution that names the base of an image in its tag.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Distribution {
    /// `alma9`
    AlmaLinux,
    /// `alpine3.23`
    Alpine,
    /// `al2023`
    AmazonLinux,
    /// `azurelinux3.0`
    AzureLinux,
    /// `centos7`
    CentOs,
    /// `debian-12`, `bookworm`
    Debian,
    /// `fedora42`
    Fedora,
    /// `oraclelinux9`
    OracleLinux,
    /// `photon-5`
    Photon,
    /// `ubi9`, `el9`
    RedHat,
    /// `rockylinux9`
    Rocky,
    /// `leap15.6`
    Suse,
    /// `ubuntu24.04`, `noble`
    Ubuntu,
}

impl Distribution {
    /// The distribution that a tag means by `word`, given in lower case.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.as_bytes() {
            b"alma" | b"almalinux" => Self::AlmaLinux,
            b"alpine" => Self::Alpine,
            b"al" | b"amazonlinux" => Self::AmazonLinux,
            b"azurelinux" | b"mariner" => Self::AzureLinux,
            b"centos" => Self::CentOs,
            b"debian" => Self::Debian,
            b"fedora" => Self::Fedora,
            b"oracle" | b"oraclelinux" => Self::OracleLinux,
            b"photon" => Self::Photon,
            b"el" | b"rhel" | b"ubi" => Self::RedHat,
            b"rocky" | b"rockylinux" => Self::Rocky,
            b"bci" | b"leap" | b"sles" => Self::Suse,
            b"ubuntu" => Self::Ubuntu,
            _ => return None,
        })
    }

    /// Whether this distribution could have a release of that number.
    ///
    /// `alpine-3.18` is Alpine 3.18, but `alpine-16.4` is release 16.4 of something on Alpine: the
    /// ranges are wide enough for the coming years and narrow enough to tell the two apart.
    #[must_use]
    pub fn could_release(self, numbers: &[u64]) -> bool {
        match self {
            Self::Alpine => matches!(numbers, [2 | 3] | [2 | 3, 0..=60] | [2 | 3, 0..=60, _]),
            Self::AmazonLinux => matches!(numbers, [1 | 2 | 2018 | 2022..=2040]),
            Self::AzureLinux | Self::Photon => matches!(numbers, [1..=9] | [1..=9, 0]),
            Self::AlmaLinux | Self::CentOs | Self::OracleLinux | Self::RedHat | Self::Rocky => {
                matches!(numbers, [5..=15] | [5..=15, 0..=15] | [5..=15, 0..=15, _])
            }
            Self::Debian => matches!(numbers, [6..=25] | [6..=25, 0..=20]),
            Self::Fedora => matches!(numbers, [20..=80]),
            Self::Suse => matches!(numbers, [12 | 15 | 16 | 42] | [15 | 16 | 42, 0..=9]),
            Self::Ubuntu => match *numbers {
                // `ubuntu22`, `ubuntu2204`
                [10..=50] | [8..=50, 4 | 10] | [8..=50, 4 | 10, 0..=9] => true,
                [joined] => matches!((joined / 100, joined % 100), (8..=50, 4 | 10)),
                _ => false,
            },
        }
    }
}

impl Distribution {
    /// Whether a release of Ubuntu is of long-term support, 22.04, 24.04: the April of every other year
    /// (<https://ubuntu.com/about/release-cycle>).
    #[must_use]
    pub fn ubuntu_lasts(number: &[u64]) -> bool {
        matches!(number, [year, 4, ..] if year % 2 == 0)
    }

    /// Whether a release that images are already built on is out on a day, as far as this is known: Debian's
    /// next one has a name and images years before.
    #[must_use]
    pub fn is_out(self, number: &[u64], day: Date) -> bool {
        match (self, number) {
            (Self::Debian, [number, ..]) => match DEBIAN_RELEASES.iter().find(|(known, ..)| known == number) {
                Some((_, (year, month, of_month))) => {
                    (day.year(), day.month(), day.day()) >= (*year, *month, *of_month)
                }
                None => DEBIAN_RELEASES.iter().any(|(known, ..)| known > number),
            },
            // Its numbers are the year and the month of the release, which is in the second half of it.
            (Self::Ubuntu, [year, month, ..]) => {
                let today = (i64::from(day.year()) - 2000, i64::from(day.month()), day.day() >= 15);
                let number = (i64::try_from(*year), i64::try_from(*month));
                matches!(number, (Ok(year), Ok(month)) if today >= (year, month, true))
            }
            _ => true,
        }
    }
}

/// Debian's newest releases, with the days on which they came out: <https://www.debian.org/releases/>.
const DEBIAN_RELEASES: &[(u64, (i16, i8, i8))] =
    &[(13, (2025, 8, 9)), (12, (2023, 6, 10)), (11, (2021, 8, 14)), (10, (2019, 7, 6))];

/// A release of a distribution that tags call by its code name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Release {
    /// The distribution.
    pub distribution: Distribution,
    /// Its number: `[12]` for bookworm, `[24, 4]` for noble.
    pub number: &'static [u64],
}

impl Release {
    /// The release that a tag means by `word`, given in lower case.
    #[must_use]
    pub fn of_code_name(word: &str) -> Option<Self> {
        let debian = |number| Some(Self { distribution: Distribution::Debian, number });
        let ubuntu = |number| Some(Self { distribution: Distribution::Ubuntu, number });
        match word.as_bytes() {
            b"lenny" => debian(&[5]),
            b"squeeze" => debian(&[6]),
            b"wheezy" => debian(&[7]),
            b"jessie" => debian(&[8]),
            b"stretch" => debian(&[9]),
            b"buster" => debian(&[10]),
            b"bullseye" => debian(&[11]),
            b"bookworm" => debian(&[12]),
            b"trixie" => debian(&[13]),
            b"forky" => debian(&[14]),
            b"duke" => debian(&[15]),
            b"hardy" => ubuntu(&[8, 4]),
            b"lucid" => ubuntu(&[10, 4]),
            b"maverick" => ubuntu(&[10, 10]),
            b"natty" => ubuntu(&[11, 4]),
            b"oneiric" => ubuntu(&[11, 10]),
            b"precise" => ubuntu(&[12, 4]),
            b"quantal" => ubuntu(&[12, 10]),
            b"raring" => ubuntu(&[13, 4]),
            b"saucy" => ubuntu(&[13, 10]),
            b"trusty" => ubuntu(&[14, 4]),
            b"utopic" => ubuntu(&[14, 10]),
            b"vivid" => ubuntu(&[15, 4]),
            b"wily" => ubuntu(&[15, 10]),
            b"xenial" => ubuntu(&[16, 4]),
            b"yakkety" => ubuntu(&[16, 10]),
            b"zesty" => ubuntu(&[17, 4]),
            b"artful" => ubuntu(&[17, 10]),
            b"bionic" => ubuntu(&[18, 4]),
            b"cosmic" => ubuntu(&[18, 10]),
            b"disco" => ubuntu(&[19, 4]),
            b"eoan" => ubuntu(&[19, 10]),
            b"focal" => ubuntu(&[20, 4]),
            b"groovy" => ubuntu(&[20, 10]),
            b"hirsute" => ubuntu(&[21, 4]),
            b"impish" => ubuntu(&[21, 10]),
            b"jammy" => ubuntu(&[22, 4]),
            b"kinetic" => ubuntu(&[22, 10]),
            b"lunar" => ubuntu(&[23, 4]),
            b"mantic" => ubuntu(&[23, 10]),
            b"noble" => ubuntu(&[24, 4]),
            b"oracular" => ubuntu(&[24, 10]),
            b"plucky" => ubuntu(&[25, 4]),
            b"questing" => ubuntu(&[25, 10]),
            b"resolute" => ubuntu(&[26, 4]),
            b"stonking" => ubuntu(&[26, 10]),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn releases_follow_one_another() {
        let number = |word| Release::of_code_name(word).map(|release| release.number);
        assert!(number("wheezy") < number("bookworm") && number("bookworm") < number("trixie"));
        assert!(number("trusty") < number("jammy") && number("noble") < number("oracular"));
        assert_eq!(number("stable"), None);
        assert_eq!(number("sid"), None);
    }

    #[test]
    fn a_release_has_a_name_before_it_is_out() {
        for (word, day, expected) in [
            ("bullseye", "2026-11-23", true),
            ("stretch", "2018-01-01", true),
            ("trixie", "2025-08-08", false),
            ("trixie", "2025-08-09", true),
            ("forky", "2026-11-23", false),
            ("noble", "2024-04-14", false),
            ("noble", "2024-04-25", true),
            ("resolute", "2025-12-31", false),
            ("stonking", "2027-01-01", true),
        ] {
            let release = Release::of_code_name(word).unwrap();
            assert_eq!(release.distribution.is_out(release.number, day.parse().unwrap()), expected, "{word} {day}");
        }
        assert!(Distribution::Alpine.is_out(&[3, 99], Date::MIN));
    }

    #[test]
    fn a_number_is_a_release_or_is_not() {
        for (word, number, expected) in [
            ("alpine", &[3, 23][..], true),
            ("alpine", &[3, 18, 4], true),
            ("alpine", &[16, 8, 0], false),
            ("alpine", &[], false),
            ("debian", &[12], true),
            ("debian", &[1], false),
            ("ubuntu", &[22, 4], true),
            ("ubuntu", &[22], true),
            ("ubuntu", &[2204], true),
            ("ubuntu", &[22, 5], false),
            ("ubuntu", &[1], false),
            ("ubi", &[9], true),
            ("al", &[2023], true),
            ("al", &[3], false),
            ("centos", &[7, 9, 2009], true),
            ("leap", &[15, 6], true),
        ] {
            let distribution = Distribution::of_word(word);
            assert_eq!(
                distribution.map(|distribution| distribution.could_release(number)),
                Some(expected),
                "{word} {number:?}"
            );
        }
    }
}
