# SPDX-License-Identifier: Apache-2.0
"""The database: the truth about volumes and uploads.

``session`` opens transactions, ``models`` are the tables, ``volumes``,
``uploads`` and ``services`` hold the statements on them, ``migration`` brings
the schema to the version of the code. Nothing outside this package writes
SQL, and every change of a status is one compare-and-swap UPDATE.
"""
