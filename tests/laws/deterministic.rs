//! Law 2: the same catalog gives the same bytes, whatever the order, format and files of its tenants,
//! and whatever the number of threads.

use proptest::prelude::*;

use crate::compiled::{Compiled, compile};
use crate::random::company;

fn on_threads(number: usize, work: impl FnOnce() -> Compiled + Send) -> Compiled {
    rayon::ThreadPoolBuilder::new().num_threads(number).build().unwrap().install(work)
}

proptest! {
    #![proptest_config(crate::cases(10))]

    #[test]
    fn the_same_catalog_gives_the_same_bytes(
        (company, shuffled) in company().prop_flat_map(|company| {
            let tenants = Just(company.tenants.clone()).prop_shuffle();
            (Just(company), tenants)
        }),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let compiled = |path: &std::path::Path| compile(path, None, None).unwrap();
        let expected = on_threads(1, || compiled(&company.write_file(directory.path())));
        prop_assert_eq!(expected.tenants().len(), company.tenants.len());

        let shuffled = crate::company::Company { tenants: shuffled, ..company };
        let ways = [
            ("in another order, on two threads", on_threads(2, || compiled(&shuffled.write_file(directory.path())))),
            ("in a directory of files", compiled(&shuffled.write_directory(directory.path()))),
            ("in CSV and JSON Lines", compiled(&shuffled.write_lists(directory.path()))),
        ];
        for (way, other) in ways {
            prop_assert_eq!(&other.lock, &expected.lock, "the lock, {}", way);
            for path in expected.files.keys() {
                prop_assert!(other.files.contains_key(path), "{} is missing, {}", path, way);
                let difference = expected.text(path).lines().zip(other.text(path).lines()).find(|(left, right)| left != right);
                prop_assert_eq!(difference, None, "{}, {}", path, way);
                prop_assert_eq!(other.files[path].len(), expected.files[path].len(), "{}, {}", path, way);
            }
            prop_assert_eq!(other.files.len(), expected.files.len(), "files, {}", way);
        }
    }
}
