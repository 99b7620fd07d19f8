using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

/// <summary>Opening a file without being held up by it, and what kind of file it is.</summary>
internal static partial class Native
{
    /// <summary>Flags of <see cref="OpenFile"/>: read, do not wait for a FIFO's writer, no controlling terminal, closed on exec.</summary>
    internal const int OpenReadAtOnce = 0x800 | 0x100 | 0x80000;

    /// <summary><c>AT_EMPTY_PATH</c>: the descriptor itself.</summary>
    internal const int EmptyPath = 0x1000;

    /// <summary>The basic facts: type, mode, owner, size.</summary>
    internal const uint BasicFacts = 0x7ff;

    internal const int ENXIO = 6, ENOTDIR = 20, ENAMETOOLONG = 36, ELOOP = 40;

    [LibraryImport(LibC, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenFile(string path, int flags, int mode);

    // statx, not stat: one layout on every architecture, and a symbol of its own before glibc 2.33.
    [LibraryImport(LibC, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenFileFacts(int descriptor, string path, int flags, uint mask, out FileFacts facts);

    /// <summary><c>struct statx</c>, the fields that are read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct FileFacts
    {
        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(40)]
        public ulong Size;

        [FieldOffset(128)]
        public uint DeviceMajor;

        [FieldOffset(132)]
        public uint DeviceMinor;
    }
}
