# SPDX-License-Identifier: Apache-2.0
"""What the commands of volupload-manage do, and how they show it."""
