//! Threat T86: archives built to reach the disk, to fill the memory, or to show one reader another file.

use std::io::{Cursor, Write as _};

use flate2::{Compression, write::GzEncoder};
use mcp_pin_packages::archive::{ArchiveError, file_of_tar_gz, file_of_zip};
use tar::{Builder, EntryType, Header};
use zip::{ZipWriter, write::SimpleFileOptions};

/// An entry of any name: the builder itself would refuse the hostile ones.
fn entry(kind: EntryType, name: &str, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    if kind.is_symlink() || kind.is_hard_link() {
        header.as_mut_bytes()[157..168].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    header
}

fn tar_gz(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (kind, name, bytes) in entries {
        builder.append(&entry(*kind, name, bytes.len() as u64), *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn the_file_is_found_below_the_first_folder_whatever_it_is_called() {
    let good: &[(EntryType, &str, &[u8])] = &[
        (EntryType::Directory, "any/", b""),
        (FILE, "any/index.js", b"x"),
        (FILE, "any/package.json", b"{}"),
        (FILE, "any/nested/package.json", b"other"),
    ];
    assert_eq!(file_of_tar_gz(&tar_gz(good), "package.json").unwrap().unwrap(), b"{}");
    assert!(file_of_tar_gz(&tar_gz(&good[..2]), "package.json").unwrap().is_none());
    let wheel: &[(&str, &[u8])] =
        &[("a/__init__.py", b"x"), ("a-1.dist-info/METADATA", b"Name: a"), ("b/METADATA", b"other")];
    assert_eq!(file_of_zip(&zip(wheel), ".dist-info", "METADATA").unwrap().unwrap(), b"Name: a");
    assert!(file_of_zip(&zip(&wheel[..1]), ".dist-info", "METADATA").unwrap().is_none());
}

#[test]
fn t86_names_that_lead_out_make_the_archive_worthless() {
    for name in ["../package.json", "/package/package.json", "package/../../x", "C:/x", "package\\..\\..\\x", "\\x"] {
        let archive = tar_gz(&[(FILE, name, b"x"), (FILE, "package/package.json", b"{}")]);
        let result = file_of_tar_gz(&archive, "package.json");
        assert!(matches!(result, Err(ArchiveError::Escape)), "{name}: {result:?}");
        let archive = zip(&[(name, b"x"), ("a.dist-info/METADATA", b"")]);
        let result = file_of_zip(&archive, ".dist-info", "METADATA");
        assert!(matches!(result, Err(ArchiveError::Escape)), "{name}: {result:?}");
    }
}

#[test]
fn t86_links_in_place_of_the_file_are_not_followed() {
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo, EntryType::Char] {
        let result = file_of_tar_gz(&tar_gz(&[(kind, "package/package.json", b"")]), "package.json");
        assert!(matches!(result, Err(ArchiveError::NotAFile)), "{kind:?}: {result:?}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("a.dist-info/METADATA", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let archive = writer.finish().unwrap().into_inner();
    assert!(matches!(file_of_zip(&archive, ".dist-info", "METADATA"), Err(ArchiveError::NotAFile)));
}

#[test]
fn t86_a_file_that_is_there_twice_is_not_read() {
    let twice: &[(EntryType, &str, &[u8])] =
        &[(FILE, "package/package.json", b"good"), (FILE, "package/package.json", b"evil")];
    assert!(matches!(file_of_tar_gz(&tar_gz(twice), "package.json"), Err(ArchiveError::Ambiguous)));
    // Both fold into one folder when the first part is stripped.
    let folders: &[(EntryType, &str, &[u8])] = &[(FILE, "a/package.json", b"good"), (FILE, "b/package.json", b"evil")];
    assert!(matches!(file_of_tar_gz(&tar_gz(folders), "package.json"), Err(ArchiveError::Ambiguous)));
    let case: &[(EntryType, &str, &[u8])] = &[(FILE, "a/Package.json", b"evil")];
    assert!(matches!(file_of_tar_gz(&tar_gz(case), "package.json"), Err(ArchiveError::Ambiguous)));
    let wheel = zip(&[("a.dist-info/METADATA", b"good"), ("b.dist-info/METADATA", b"evil")]);
    assert!(matches!(file_of_zip(&wheel, ".dist-info", "METADATA"), Err(ArchiveError::Ambiguous)));
}

#[test]
fn t86_an_archive_behind_other_bytes_is_two_archives() {
    let wheel = zip(&[("a.dist-info/METADATA", b"good")]);
    let mut both = zip(&[("a.dist-info/METADATA", b"evil")]);
    both.extend_from_slice(&wheel);
    assert!(matches!(file_of_zip(&both, ".dist-info", "METADATA"), Err(ArchiveError::Ambiguous)));
    // A second gzip member is part of the archive for installers, so it is for us.
    let mut members = tar_gz(&[(FILE, "a/index.js", b"x")]);
    members.extend(GzEncoder::new(Vec::new(), Compression::fast()).finish().unwrap());
    assert!(file_of_tar_gz(&members, "package.json").unwrap().is_none());
}

#[test]
fn t86_bombs_are_stopped() {
    let zeros = vec![0_u8; 8 << 20];
    let bomb = tar_gz(&[(FILE, "a/zeros", &zeros), (FILE, "a/package.json", b"{}")]);
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    assert!(matches!(file_of_tar_gz(&bomb, "package.json"), Err(ArchiveError::Bomb)));
    let bomb = zip(&[("a.dist-info/METADATA", &zeros)]);
    assert!(matches!(file_of_zip(&bomb, ".dist-info", "METADATA"), Err(ArchiveError::Bomb)));
    // Large and incompressible enough, and still larger than such a file is.
    let noise: Vec<u8> = (0_u32..5 << 20).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    let large = tar_gz(&[(FILE, "a/package.json", &noise)]);
    assert!(matches!(file_of_tar_gz(&large, "package.json"), Err(ArchiveError::TooLarge)));
}

#[test]
fn t86_too_many_entries_and_damaged_archives() {
    let many: Vec<(EntryType, &str, &[u8])> = vec![(FILE, "a/x", b""); 50_001];
    let result = file_of_tar_gz(&tar_gz(&many), "package.json");
    assert!(matches!(result, Err(ArchiveError::TooManyEntries | ArchiveError::Bomb)), "{result:?}");
    let good = tar_gz(&[(FILE, "a/package.json", b"{\"name\":\"a\"}")]);
    for end in [0, 1, 10, good.len() / 2] {
        let result = file_of_tar_gz(&good[..end], "package.json");
        assert!(matches!(result, Err(ArchiveError::Damaged(_))), "{end}: {result:?}");
        assert!(file_of_zip(&good[..end], ".dist-info", "METADATA").is_err());
    }
}
