//! The Linux distributions that images are built on: what tags call them, and how their releases follow
//! one another.
//!
//! In: a word of a tag. Out: [`Distribution`], [`Release`]. Must never know: tags, images, dates of
//! support.
//!
//! Code names and their order are those of <https://www.debian.org/releases/> and
//! <https://wiki.ubuntu.com/Releases>, as collected in Debian's package `distro-info-data`. Names that
//! move from one release to the next (`stable`, `testing`, `sid`, `devel`, `rolling`) are not in it: they have no place in an
//! order.

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
        Some(match word {
            "alma" | "almalinux" => Self::AlmaLinux,
            "alpine" => Self::Alpine,
            "al" | "amazonlinux" => Self::AmazonLinux,
            "azurelinux" | "mariner" => Self::AzureLinux,
            "centos" => Self::CentOs,
            "debian" => Self::Debian,
            "fedora" => Self::Fedora,
            "oracle" | "oraclelinux" => Self::OracleLinux,
            "photon" => Self::Photon,
            "el" | "rhel" | "ubi" => Self::RedHat,
            "rocky" | "rockylinux" => Self::Rocky,
            "bci" | "leap" | "sles" => Self::Suse,
            "ubuntu" => Self::Ubuntu,
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
        match word {
            "lenny" => debian(&[5]),
            "squeeze" => debian(&[6]),
            "wheezy" => debian(&[7]),
            "jessie" => debian(&[8]),
            "stretch" => debian(&[9]),
            "buster" => debian(&[10]),
            "bullseye" => debian(&[11]),
            "bookworm" => debian(&[12]),
            "trixie" => debian(&[13]),
            "forky" => debian(&[14]),
            "duke" => debian(&[15]),
            "hardy" => ubuntu(&[8, 4]),
            "lucid" => ubuntu(&[10, 4]),
            "maverick" => ubuntu(&[10, 10]),
            "natty" => ubuntu(&[11, 4]),
            "oneiric" => ubuntu(&[11, 10]),
            "precise" => ubuntu(&[12, 4]),
            "quantal" => ubuntu(&[12, 10]),
            "raring" => ubuntu(&[13, 4]),
            "saucy" => ubuntu(&[13, 10]),
            "trusty" => ubuntu(&[14, 4]),
            "utopic" => ubuntu(&[14, 10]),
            "vivid" => ubuntu(&[15, 4]),
            "wily" => ubuntu(&[15, 10]),
            "xenial" => ubuntu(&[16, 4]),
            "yakkety" => ubuntu(&[16, 10]),
            "zesty" => ubuntu(&[17, 4]),
            "artful" => ubuntu(&[17, 10]),
            "bionic" => ubuntu(&[18, 4]),
            "cosmic" => ubuntu(&[18, 10]),
            "disco" => ubuntu(&[19, 4]),
            "eoan" => ubuntu(&[19, 10]),
            "focal" => ubuntu(&[20, 4]),
            "groovy" => ubuntu(&[20, 10]),
            "hirsute" => ubuntu(&[21, 4]),
            "impish" => ubuntu(&[21, 10]),
            "jammy" => ubuntu(&[22, 4]),
            "kinetic" => ubuntu(&[22, 10]),
            "lunar" => ubuntu(&[23, 4]),
            "mantic" => ubuntu(&[23, 10]),
            "noble" => ubuntu(&[24, 4]),
            "oracular" => ubuntu(&[24, 10]),
            "plucky" => ubuntu(&[25, 4]),
            "questing" => ubuntu(&[25, 10]),
            "resolute" => ubuntu(&[26, 4]),
            "stonking" => ubuntu(&[26, 10]),
            _ => None,
        }
    }
}
